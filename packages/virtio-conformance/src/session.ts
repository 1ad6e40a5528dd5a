import type { Endian } from "@zarch/guest-memory";
import {
  F_ACCESS_PLATFORM,
  F_ANY_LAYOUT,
  F_INDIRECT_DESC,
  F_NOTIFICATION_DATA,
  F_ORDER_PLATFORM,
  F_RING_PACKED,
  F_VERSION_1,
  type FeatureDependency,
  FeatureSet,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  unmetDependency,
} from "@zarch/virtio";
import type { DriverTransport } from "@zarch/virtio-driver";
import { legacyAreas, legacyRingSize, type VirtqueueAreas } from "@zarch/vring";
import { Arena } from "./arena.ts";
import type { Exchange, Message } from "./exchange.ts";
import { exchangeOf } from "./exchanges/known.ts";
import { featureName } from "./feature-names.ts";
import type { Patience } from "./patience.ts";
import { RawPackedRing } from "./rings/raw-packed-ring.ts";
import type { AddOptions, Part, RawRing, Used } from "./rings/raw-ring.ts";
import { RawSplitRing } from "./rings/raw-split-ring.ts";
import type { ConformanceTarget, HostControls, MmioRegisters, Subject, Variant } from "./target.ts";
import { demand, NotApplicable, needs, Violation } from "./verdict.ts";
import { type Access, StepLimitError, type WatchedMemory } from "./watched-memory.ts";

/** Bits that belong to no device type and that the suite accepts whenever they are offered; others on request. */
const ACCEPTED = [F_ANY_LAYOUT, F_INDIRECT_DESC, F_VERSION_1, F_ACCESS_PLATFORM, F_ORDER_PLATFORM];

/** Most queues that are set up. */
const MAX_QUEUES = 8;
/** Entries of a queue on the modern interface, if the device allows as many. */
const QUEUE_SIZE = 16;
const LEGACY_ALIGN = 4096;

export interface StartOptions {
  /** Features to accept that are not accepted otherwise. The case does not apply if one is not offered. */
  readonly with?: readonly number[];
  readonly without?: readonly number[];
  /** Entries of each queue; on the legacy interface the device decides. */
  readonly size?: number;
  /** Whether to set DRIVER_OK. Default true. */
  readonly live?: boolean;
}

/** Where the pieces of a message go. Default: as the message has them, one descriptor each. */
export interface Framing extends AddOptions {
  /** Lengths of the device-readable descriptors, in bytes. */
  readonly out?: readonly number[];
  /** Lengths of the device-writable descriptors, in bytes. */
  readonly into?: readonly number[];
}

/** A message in the device's hands. */
export interface Sent {
  readonly ring: RawRing;
  readonly id: number;
  readonly message: Message;
  readonly parts: readonly SentPart[];
}

type SentPart = Part & { readonly address: number };

/** One opened device and a driver that can do right and wrong to it. Its notifications are counted, its memory is guarded. */
export class Session {
  readonly transport: DriverTransport;
  readonly controls: HostControls;
  readonly registers: MmioRegisters | undefined;
  /** Hears of each used buffer notification, before the transport does anything else about it. */
  onQueueInterrupt: (() => void) | undefined;
  readonly arena: Arena;
  /** Present if the device is on the suite's memory. */
  readonly watched: WatchedMemory | undefined;
  readonly patience: Patience;
  readonly variant: Variant;
  readonly endian: Endian;
  /** Used buffer notifications so far, those for other queues included where the transport does not tell. */
  queueInterrupts = 0;
  configInterrupts = 0;
  /** The features of the last {@link negotiate}. */
  features = new FeatureSet();
  readonly rings = new Map<number, RawRing>();
  readonly #exchange: Exchange | undefined;
  readonly #rules: readonly FeatureDependency[];

  constructor(subject: Subject, memory: WatchedMemory, variant: Variant, target: ConformanceTarget, patience: Patience) {
    const { transport } = subject;
    this.transport = transport;
    this.controls = subject.controls ?? {};
    this.registers = subject.registers;
    this.variant = variant;
    this.patience = patience;
    this.endian = transport.endian;
    this.watched = transport.memory === memory ? memory : undefined;
    this.arena = new Arena(this.watched?.inner ?? transport.memory, transport.region, this.endian);
    this.#exchange = exchangeOf(target);
    this.#rules = (target.featureDependencies ?? []).filter(({ offerOnly }) => !offerOnly);
    transport.listen({
      queueInterrupt: () => {
        this.queueInterrupts++;
        this.onQueueInterrupt?.();
      },
      configInterrupt: () => {
        this.configInterrupts++;
      },
    });
  }

  get legacy(): boolean {
    return this.variant.driverInterface === "legacy";
  }

  get hasExchange(): boolean {
    return this.#exchange !== undefined;
  }

  /** The device's request. The case does not apply if none is known. */
  get exchange(): Exchange {
    if (!this.#exchange) throw new NotApplicable("the target names no request of its device");
    return this.#exchange;
  }

  /** The watched memory. The case does not apply if the device has memory of its own. */
  get watch(): WatchedMemory {
    if (!this.watched) throw new NotApplicable("the device is not on the suite's memory");
    return this.watched;
  }

  /** One call of the transport: bounded in accesses and time. */
  async #do<T>(promise: Promise<T>, what: string): Promise<T> {
    this.watched?.newStep();
    const value = await this.patience.of(promise, what);
    this.#checkSteps();
    return value;
  }

  #checkSteps(): void {
    if (this.watched?.exhausted) throw new StepLimitError(0);
  }

  // ---- status and features ----

  async reset(): Promise<void> {
    // Rings that the host has placed are the host's to clear, and nobody's to write afterwards.
    const placed = this.arena.disown();
    await this.#do(this.transport.reset(), "reset of the device");
    for (const { address, length, what } of placed) this.arena.adopt(address, length, what);
    this.rings.clear();
  }

  status(): Promise<number> {
    return this.#do(this.transport.readStatus(), "read of the status");
  }

  writeStatus(status: number): Promise<boolean> {
    return this.#do(this.transport.writeStatus(status), "write of the status");
  }

  /** Adds bits to the status. Returns whether they show. */
  async addStatus(bits: number): Promise<boolean> {
    const status = (await this.status()) & ~STATUS_NEEDS_RESET;
    return (await this.writeStatus(status | bits)) && ((await this.status()) & bits) === bits;
  }

  /** Whether NEEDS_RESET can be seen: not by legacy drivers, and not where the transport cannot ask for the status. */
  get tellsNeedsReset(): boolean {
    return !this.legacy && !this.transport.statusUnreadable;
  }

  async needsReset(): Promise<boolean> {
    return ((await this.status()) & STATUS_NEEDS_RESET) !== 0;
  }

  deviceFeatures(word: number): Promise<number> {
    return this.#do(this.transport.readDeviceFeatures(word), "read of features");
  }

  writeFeatures(word: number, value: number): Promise<boolean> {
    return this.#do(this.transport.writeDriverFeatures(word, value), "write of features");
  }

  /** Words of features that the interface has and devices use. */
  get #words(): number {
    return this.legacy ? 1 : 4;
  }

  async offered(): Promise<FeatureSet> {
    const features = new FeatureSet();
    for (let word = 0; word < this.#words; word++) features.setWord(word, await this.deviceFeatures(word));
    return features;
  }

  /** Reset, ACKNOWLEDGE, DRIVER. */
  async begin(): Promise<void> {
    await this.reset();
    await this.writeStatus(STATUS_ACKNOWLEDGE);
    await this.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  }

  /** The features that the suite accepts of those offered. */
  async choose(options: StartOptions = {}): Promise<FeatureSet> {
    const offered = await this.offered();
    const wanted = [...(options.with ?? []), ...(this.variant.format === "packed" ? [F_RING_PACKED] : [])];
    for (const bit of wanted) needs(offered.has(bit), `${featureName(bit)} is not offered`);
    const chosen = new FeatureSet(wanted);
    for (const bit of offered) if (bit < 24 || bit >= 50 || ACCEPTED.includes(bit)) chosen.add(bit);
    for (const bit of options.without ?? []) chosen.delete(bit);
    return this.withoutUnmet(chosen);
  }

  /** Takes out the features that are worth nothing without one that is not there. */
  withoutUnmet(features: FeatureSet): FeatureSet {
    for (let unmet = unmetDependency(features, this.#rules); unmet; unmet = unmetDependency(features, this.#rules)) {
      features.delete(unmet.feature);
    }
    return features;
  }

  /** Writes features and, on the modern interface, FEATURES_OK. Returns whether the device accepts them. */
  async negotiate(features: FeatureSet): Promise<boolean> {
    this.features = features;
    for (let word = 0; word < this.#words; word++) if (!(await this.writeFeatures(word, features.word(word)))) return false;
    return this.legacy || this.addStatus(STATUS_FEATURES_OK);
  }

  // ---- configuration ----

  readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.#do(this.transport.readConfig(offset, length), "read of the configuration");
  }

  writeConfig(offset: number, data: Uint8Array): Promise<void> {
    return this.#do(this.transport.writeConfig(offset, data), "write of the configuration");
  }

  /** A field of 1, 2, 4 or 8 bytes in the byte order of the interface; exact up to 2^53. */
  async configField(offset: number, width: 1 | 2 | 4 | 8): Promise<number> {
    const bytes = await this.readConfig(offset, width);
    if (this.endian === "little") bytes.reverse();
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }

  // ---- queues ----

  queueMaxSize(queue: number): Promise<number> {
    return this.#do(this.transport.queueMaxSize(queue), "read of a queue's size");
  }

  /** What the transport does not leave to the driver: the size of a queue, and perhaps its place. */
  async fixedQueue(queue: number): Promise<{ readonly size: number; readonly areas?: VirtqueueAreas } | undefined> {
    return this.transport.fixedQueue && this.#do(this.transport.fixedQueue(queue), "read of what is fixed of a queue");
  }

  /**
   * Lays a queue out and hands it to the device. Returns undefined if the device refuses it. The case does not apply if the transport says that
   * the queue has another size.
   */
  async setUpQueue(queue: number, size: number): Promise<RawRing | undefined> {
    const fixed = await this.fixedQueue(queue);
    needs(fixed === undefined || fixed.size === size, "the host decides how large a queue is");
    const areas = fixed?.areas ?? this.layOut(size);
    if (fixed?.areas && !this.arena.touches(areas.descriptor, 1)) {
      this.arena.adopt(areas.descriptor, legacyRingSize(size, LEGACY_ALIGN), `ring of queue ${queue}`);
    }
    const ring = this.variant.format === "packed" ? new RawPackedRing(this.arena, size, areas) : new RawSplitRing(this.arena, size, areas);
    this.rings.set(queue, ring);
    return (await this.offerQueue(queue, size, areas)) ? ring : undefined;
  }

  offerQueue(queue: number, size: number, areas: VirtqueueAreas): Promise<boolean> {
    return this.#do(this.transport.setUpQueue(queue, { size, areas }), "set-up of a queue");
  }

  /** Memory for a ring, no byte more than it needs. */
  layOut(size: number): VirtqueueAreas {
    const { arena } = this;
    if (this.legacy) return legacyAreas(arena.take(legacyRingSize(size, LEGACY_ALIGN), "legacy ring", LEGACY_ALIGN), size, LEGACY_ALIGN);
    const packed = this.variant.format === "packed";
    return {
      descriptor: arena.take(16 * size, "descriptor area", 16),
      driver: arena.take(packed ? 4 : 6 + 2 * size, "driver area", packed ? 4 : 2),
      device: arena.take(packed ? 4 : 6 + 8 * size, "device area", 4),
    };
  }

  async setUpQueues(size = QUEUE_SIZE): Promise<void> {
    for (let queue = 0; queue < MAX_QUEUES; queue++) {
      const most = await this.queueMaxSize(queue);
      if (most === 0) continue;
      const fixed = await this.fixedQueue(queue);
      const ring = await this.setUpQueue(queue, fixed?.size ?? (this.legacy ? most : Math.min(most, size)));
      demand(ring !== undefined, `queue ${queue} is refused`);
    }
  }

  /** Initialization as it should be (3.1.1), from any state. */
  async start(options: StartOptions = {}): Promise<void> {
    await this.begin();
    demand(await this.negotiate(await this.choose(options)), "the device does not accept a subset of what it offers");
    await this.setUpQueues(options.size);
    if (options.live !== false) demand(await this.addStatus(STATUS_DRIVER_OK), "DRIVER_OK is refused");
  }

  /** Forgets all memory and starts anew: what a driver does after trouble. */
  async restart(options: StartOptions = {}): Promise<void> {
    await this.reset();
    this.arena.restart();
    await this.start(options);
  }

  /** The ring of a queue, or of the device's request. */
  ring(queue?: number): RawRing {
    const ring = this.rings.get(queue ?? this.exchange.queue);
    if (!ring) throw new NotApplicable(`there is no queue ${queue ?? this.exchange.queue}`);
    return ring;
  }

  splitRing(queue?: number): RawSplitRing {
    const ring = this.ring(queue);
    if (!(ring instanceof RawSplitRing)) throw new NotApplicable("not a split ring");
    return ring;
  }

  packedRing(queue?: number): RawPackedRing {
    const ring = this.ring(queue);
    if (!(ring instanceof RawPackedRing)) throw new NotApplicable("not a packed ring");
    return ring;
  }

  // ---- requests ----

  /** A buffer for the device to read, with canaries around it. */
  readable(bytes: Uint8Array): SentPart {
    const address = this.arena.take(bytes.length, "device-readable buffer", 1);
    this.arena.write(address, bytes);
    return { address, length: bytes.length, write: false };
  }

  /** A buffer for the device to write, with canaries around it. */
  writable(length: number): SentPart {
    const address = this.arena.take(length, "device-writable buffer", 1);
    this.arena.scramble(address, length);
    this.arena.open(address, length);
    return { address, length, write: true };
  }

  /** The buffers of a message. */
  place(message: Message, framing: Framing = {}): SentPart[] {
    return [
      ...cut(concatenate(message.out), framing.out ?? message.out.map(({ length }) => length)).map((bytes) => this.readable(bytes)),
      ...(framing.into ?? message.into).map((length) => this.writable(length)),
    ];
  }

  /** Describes a message in a ring, without showing it to the device. */
  prepare(message: Message, framing: Framing = {}, queue = this.exchange.queue): Sent {
    const ring = this.ring(queue);
    const parts = this.place(message, framing);
    return { ring, id: ring.add(parts, framing), message, parts };
  }

  /** The device's request with a number. */
  message(number = 0): Message {
    return this.exchange.message(number, this.endian);
  }

  /** Available buffer notification. */
  notify(queue = this.exchange.queue): void {
    this.watched?.newStep();
    const data = this.features.has(F_NOTIFICATION_DATA) ? this.rings.get(queue)?.notificationData : undefined;
    this.transport.notify(queue, data);
    this.#checkSteps();
  }

  /** Shows what was prepared and notifies. */
  kick(queue = this.exchange.queue): void {
    this.ring(queue).publish();
    this.notify(queue);
  }

  /** Waits for a used element. */
  async used(ring = this.ring()): Promise<Used> {
    await this.patience.until(() => ring.hasUsed(), "a used buffer");
    this.#checkSteps();
    return ring.take() as Used;
  }

  /** The device-writable bytes of a message. */
  answer(sent: Sent): Uint8Array {
    return concatenate(sent.parts.filter(({ write }) => write).map(({ address, length }) => this.arena.read(address, length)));
  }

  /** Checks an answer; the buffers are the driver's again. */
  finish(sent: Sent, used: Used): void {
    const room = sent.parts.reduce((sum, { length, write }) => sum + (write ? length : 0), 0);
    demand(used.id === sent.id, `buffer ${used.id} comes back instead of ${sent.id}`);
    demand(used.written <= room, `${used.written} bytes reported in a buffer with room for ${room}`);
    const wrong = sent.message.wrong(used.written, this.answer(sent));
    demand(wrong === undefined, wrong ?? "");
    for (const part of sent.parts) if (part.write) this.arena.close(part.address, part.length);
  }

  /** One request from its start to its end. */
  async roundTrip(number = 0, framing: Framing = {}): Promise<Used> {
    const mark = this.arena.mark();
    const sent = this.prepare(this.message(number), framing);
    this.kick();
    const used = await this.used(sent.ring);
    this.finish(sent, used);
    this.arena.rollback(mark);
    return used;
  }

  /** Several requests at once, whose answers may come in any order. Returns the order in which they came, by number. */
  async roundTrips(count: number, first = 0, framing: Framing = {}): Promise<number[]> {
    const mark = this.arena.mark();
    const sent = Array.from({ length: count }, (_, i) => this.prepare(this.message(first + i), framing));
    const waiting = new Map(sent.map((each, i) => [each.id, { each, number: first + i }]));
    if (count > 0) this.kick();
    const order: number[] = [];
    while (waiting.size > 0) {
      const used = await this.used();
      const entry = waiting.get(used.id);
      demand(entry !== undefined, `buffer ${used.id} comes back, which the device does not have`);
      waiting.delete(used.id);
      this.finish(entry.each, used);
      order.push(entry.number);
    }
    this.arena.rollback(mark);
    return order;
  }

  /** Lets everything happen that is going to happen by itself. */
  async quiet(): Promise<void> {
    await this.patience.quiet();
    this.#checkSteps();
  }

  /** Checks that no notification comes. `since`: the count before. */
  async silent(since: number, what: string): Promise<void> {
    await this.quiet();
    demand(this.queueInterrupts === since, `a used buffer notification ${what}`);
  }

  /** Waits for a used buffer notification beyond `since`. */
  async interrupted(since: number, what: string): Promise<void> {
    await this.patience
      .until(() => this.queueInterrupts > since, what)
      .catch(() => {
        throw new Violation(`no used buffer notification ${what}`);
      });
  }

  // ---- watching ----

  /** The accesses of the device to the driver's memory while `action` runs and for as long as things go on by themselves. */
  async accesses(action: () => void | Promise<void>): Promise<Access[]> {
    const { watch } = this;
    const seen: Access[] = [];
    watch.listener = (access) => {
      if (this.arena.touches(access.address, access.length)) seen.push(access);
    };
    try {
      await action();
      await this.quiet();
    } finally {
      watch.listener = undefined;
    }
    return seen;
  }

  /** Checks everything that must hold at all times. */
  check(): void {
    const damage = this.arena.damage();
    demand(damage === undefined, damage ?? "");
    const failures = this.controls.failures?.() ?? [];
    demand(failures.length === 0, () => `the host failed: ${failures.join("; ")}`);
    this.#checkSteps();
  }
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Cuts bytes into pieces of the lengths given; what is left over makes one more. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
}
