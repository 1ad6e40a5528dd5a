import type { ReversedCopier } from "@zarch/guest-memory";
import { STAGING_SIZE } from "../engine/layout.ts";
import type { EngineExports } from "./storage.ts";

/**
 * Copies between arrays of the host and reversed storage by way of a staging buffer in the same WebAssembly memory, which the engine
 * reverses into or out of storage sixteen bytes at a time.
 */
export class StagedCopier implements ReversedCopier {
  readonly #engine: Pick<EngineExports, "copyReversed">;
  readonly #bytes: Uint8Array;
  readonly #staging: number;
  readonly #top: number;

  /** @param staging where STAGING_SIZE bytes of `buffer` are free for this; `top` where guest byte 0 is */
  constructor(engine: Pick<EngineExports, "copyReversed">, buffer: ArrayBufferLike, { staging, top }: { staging: number; top: number }) {
    this.#engine = engine;
    this.#bytes = new Uint8Array(buffer);
    this.#staging = staging;
    this.#top = top;
  }

  copyIn(address: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; done += STAGING_SIZE) {
      const count = Math.min(STAGING_SIZE, source.length - done);
      this.#bytes.set(count === source.length ? source : source.subarray(done, done + count), this.#staging);
      this.#engine.copyReversed(this.#top - address - done - count + 1, this.#staging, count);
    }
  }

  copyOut(address: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; done += STAGING_SIZE) {
      const count = Math.min(STAGING_SIZE, target.length - done);
      this.#engine.copyReversed(this.#staging, this.#top - address - done - count + 1, count);
      target.set(this.#bytes.subarray(this.#staging, this.#staging + count), done);
    }
  }
}
