import fc from "fast-check";
import { ConsoleDevice } from "../../packages/device-console/src/index.ts";
import { console } from "../../packages/virtio/src/device-types/index.ts";
import { toHex } from "../../packages/virtio/src/index.ts";
import type { Play, Stage } from "./stage.ts";

export type ConsoleScene =
  | { readonly does: "give room"; readonly parts: readonly number[] }
  | { readonly does: "print"; readonly parts: readonly Uint8Array[] }
  | { readonly does: "type"; readonly bytes: Uint8Array }
  | { readonly does: "resize"; readonly columns: number; readonly rows: number }
  /** Not 0, which is what the field reads: on the descriptor page a write shows only if it changes something. */
  | { readonly does: "emergency"; readonly byte: number }
  | { readonly does: "look" | "reset" };

const bytes = fc.uint8Array({ minLength: 1, maxLength: 50 });

export const consoleScene: fc.Arbitrary<ConsoleScene> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("give room" as const),
      parts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant("print" as const), parts: fc.array(bytes, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("type" as const), bytes }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("resize" as const), columns: fc.nat(0xffff), rows: fc.nat(0xffff) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("emergency" as const), byte: fc.integer({ min: 1, max: 255 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom("look" as const, "reset" as const) }) },
);

/** Queues of the first port. */
const RECEIVE = 0;
const TRANSMIT = 1;

/** A console of one port with somebody who reads and types. */
export class ConsolePlay implements Play<ConsoleScene> {
  readonly config = console.CONFIG;
  readonly device: ConsoleDevice;
  readonly #printed: string[] = [];
  readonly #emergency: number[] = [];
  readonly #taken: boolean[] = [];

  constructor() {
    this.device = new ConsoleDevice({ size: { columns: 80, rows: 24 }, emergencyWrite: (byte) => this.#emergency.push(byte) });
    this.device.port(0).onData = (bytes) => void this.#printed.push(toHex(bytes));
  }

  async perform(scene: ConsoleScene, stage: Stage): Promise<void> {
    const port = this.device.port(0);
    switch (scene.does) {
      case "give room":
        return stage.request(RECEIVE, [], scene.parts);
      case "print":
        return stage.request(TRANSMIT, scene.parts, []);
      case "type":
        this.#taken.push(port.tryWrite(scene.bytes));
        return;
      case "resize":
        return port.resize(scene.columns, scene.rows);
      case "emergency":
        return stage.writeConfig("emerg_wr", scene.byte);
      case "look":
        return stage.readConfig();
      case "reset":
        return stage.reset();
    }
  }

  outcome(): string[] {
    return [`printed ${this.#printed}`, `emergency ${this.#emergency}`, `taken ${this.#taken}`];
  }
}
