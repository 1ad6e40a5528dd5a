import fc from "fast-check";
import { RngDevice } from "../../packages/device-rng/src/index.ts";
import type { Play, Stage } from "./stage.ts";

/** Sizes of the parts of a buffer, or a reset. */
export type RngScene = readonly number[] | "reset";

export const rngScene: fc.Arbitrary<RngScene> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant("reset" as const) },
);

/** A source of bytes that can be foretold. */
export class RngPlay implements Play<RngScene> {
  readonly config = {};
  #given = 0;
  readonly device = new RngDevice({
    source: {
      fill: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = this.#given * 5 + (this.#given++ >> 8);
      },
    },
    maxBytesPerBuffer: 6000,
  });

  perform(scene: RngScene, stage: Stage): void | Promise<void> {
    return scene === "reset" ? stage.reset() : stage.request(0, [], scene);
  }

  outcome(): string[] {
    return [`${this.#given} bytes given`];
  }
}
