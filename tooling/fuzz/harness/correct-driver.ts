import type { Endian, GuestMemory } from "../../../packages/guest-memory/src/index.ts";
import {
  F_EVENT_IDX,
  F_IN_ORDER,
  F_INDIRECT_DESC,
  F_RING_PACKED,
  F_SUSPEND,
  FeatureSet,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  type VirtioFrontend,
} from "../../../packages/virtio/src/index.ts";
import { createDriverVirtqueue, type DriverVirtqueue } from "../../../packages/vring/src/index.ts";
import { Finding } from "../engine/target.ts";

const QUEUE_SIZE = 4;
const QUEUE_SPACE = 0x200;
const DRIVER_AREA = 0x80;
const DEVICE_AREA = 0x100;

/** Bytes of memory for one message. */
const MESSAGE_SPACE = 0x800;

/** A driver that keeps the rules, to see whether a device still serves one. Uses the modern interface if there is one. */
export class CorrectDriver {
  readonly endian: Endian;
  readonly #frontend: VirtioFrontend;
  readonly #memory: GuestMemory & { readonly guest: Uint8Array };
  readonly #rings: (DriverVirtqueue<number> | undefined)[] = [];

  /** Takes the device through initialization. @throws Finding if it refuses anything */
  constructor(frontend: VirtioFrontend, memory: GuestMemory & { readonly guest: Uint8Array }, legacyEndian: Endian) {
    this.#frontend = frontend;
    this.#memory = memory;
    const legacy = frontend.personality === "legacy";
    this.endian = legacy ? legacyEndian : "little";
    this.#expect(frontend.useInterface(legacy ? "legacy" : "modern"), "the interface");
    const features = new FeatureSet();
    for (let word = 0; word < 3; word++) features.setWord(word, frontend.deviceFeatures(word));
    features.delete(F_SUSPEND);
    let status = STATUS_ACKNOWLEDGE;
    this.#expect(frontend.writeStatus(status), "ACKNOWLEDGE");
    status |= STATUS_DRIVER;
    this.#expect(frontend.writeStatus(status), "DRIVER");
    for (let word = 0; word < 3; word++) this.#expect(frontend.setDriverFeatures(word, features.word(word)), "features");
    if (!legacy) {
      status |= STATUS_FEATURES_OK;
      this.#expect(frontend.writeStatus(status), "FEATURES_OK");
    }
    for (let index = 0; index < frontend.queueCount; index++) this.#setUp(index, features);
    this.#expect(frontend.writeStatus(status | STATUS_DRIVER_OK), "DRIVER_OK");
    this.#expect(!frontend.needsReset, "service");
  }

  #expect(done: boolean, what: string): void {
    if (!done) throw new Finding("wedged", `after a reset ${what} is refused`);
  }

  #setUp(index: number, features: FeatureSet): void {
    const size = Math.min(QUEUE_SIZE, this.#frontend.queueMaxSize(index));
    if (size === 0) return;
    const base = index * QUEUE_SPACE;
    const areas = { descriptor: base, driver: base + DRIVER_AREA, device: base + DEVICE_AREA };
    this.#rings[index] = createDriverVirtqueue<number>(this.#memory, {
      format: features.has(F_RING_PACKED) ? "packed" : "split",
      size,
      areas,
      endian: this.endian,
      indirect: features.has(F_INDIRECT_DESC),
      eventIndex: features.has(F_EVENT_IDX),
      inOrder: features.has(F_IN_ORDER),
    });
    this.#expect(this.#frontend.setUpQueue(index, { size, areas }), `queue ${index}`);
  }

  /** Posts a message; {@link answer} fetches it. One per queue at a time. */
  post(queue: number, out: Uint8Array, room: number): void {
    const at = this.#messageAt(queue);
    this.#memory.guest.set(out, at);
    this.#memory.guest.fill(0, at + out.length, at + MESSAGE_SPACE);
    const spans = (address: number, length: number) => (length > 0 ? [{ address, length }] : []);
    const ring = this.#rings[queue];
    if (!ring?.add(spans(at, out.length), spans(at + out.length, room), out.length)) throw new Finding("wedged", "the ring is full");
    if (ring.kickPrepare()) this.#frontend.notify(queue);
  }

  /** What came back for the message in a queue. @throws Finding if nothing did */
  answer(queue: number): Uint8Array {
    const used = this.#rings[queue]?.getBuf();
    if (!used) throw new Finding("wedged", `after a reset a request in queue ${queue} gets no answer`);
    const at = this.#messageAt(queue) + used.token;
    return this.#memory.guest.slice(at, at + used.written);
  }

  #messageAt(queue: number): number {
    return this.#frontend.queueCount * QUEUE_SPACE + queue * MESSAGE_SPACE;
  }
}
