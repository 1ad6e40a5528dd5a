import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import {
  F_IN_ORDER,
  F_INDIRECT_DESC,
  F_NOTIFICATION_DATA,
  F_RING_PACKED,
  F_RING_RESET,
  F_SUSPEND,
  type QueueSetup,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  type VirtioDevice,
  VirtioFrontend,
} from "../../../packages/virtio/src/index.ts";
import { legacyAreas } from "../../../packages/vring/src/index.ts";
import { Finding, type FuzzTarget } from "../engine/target.ts";
import { ByteInput } from "./byte-input.ts";
import { CorrectDriver } from "./correct-driver.ts";
import { FuzzMemory } from "./fuzz-memory.ts";
import { HostileRing, type Part } from "./hostile-ring.ts";
import { QueueObserver } from "./observed-device.ts";

/** Each queue has this much memory: its rings, then indirect tables, then buffers. */
const QUEUE_SPACE = 0x1000;
const DRIVER_AREA = 0x100;
const DEVICE_AREA = 0x140;
const TABLES = 0x200;
const BUFFERS = 0x400;
const MAX_QUEUES = 8;
const QUEUE_SIZE = 16;

const MAX_ACTIONS = 300;

/** Accesses that one call into a device may make: every entry of a ring with a table of 1,024 descriptors needs 65,536 for each queue. */
const STEPS = 1_000_000;

/** A device and the host behind it. */
export interface Rig {
  readonly device: VirtioDevice;
  /** A message of the kind that goes into a queue, right or nearly right. */
  message(input: ByteInput, queue: number, endian: Endian): readonly Part[];
  /** The host does something: completes or fails an operation, sends data, changes the configuration. */
  act(input: ByteInput): void;
  /** The host completes everything, and does so at once from now on. */
  settle(): void;
  /** @throws Finding if the host was asked for something that it must never be asked for, or holds too much */
  check(): void;
  /** Asks something of the device that shows that it is well. */
  prove(driver: CorrectDriver): Promise<void>;
}

/** Lets everything run that is ready to run. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 24; i++) await Promise.resolve();
}

const memory = new FuzzMemory(MAX_QUEUES * QUEUE_SPACE);

/** One device from its making to its end, with a driver that does what the input says. */
class DeviceRun {
  readonly #input: ByteInput;
  readonly #rig: Rig;
  readonly #frontend: VirtioFrontend;
  readonly #observer: QueueObserver;
  readonly #setups: (QueueSetup | undefined)[] = [];
  readonly #rings: (HostileRing | undefined)[] = [];
  readonly #legacyEndian: Endian;
  readonly #errors: string[] = [];

  constructor(makeRig: (input: ByteInput) => Rig, input: ByteInput) {
    this.#input = input;
    memory.reset();
    this.#observer = new QueueObserver(memory, (index) => this.#setups[index]);
    memory.guard = { mayRead: () => true, mayWrite: (address, length) => this.#observer.mayWrite(address, length) };
    const options = input.u8();
    this.#legacyEndian = (options & 1) !== 0 ? "big" : "little";
    this.#rig = makeRig(input);
    const offered = [F_RING_PACKED, F_IN_ORDER, F_SUSPEND, F_RING_RESET, F_NOTIFICATION_DATA];
    this.#frontend = new VirtioFrontend(this.#observer.observe(this.#rig.device), {
      memory,
      interrupts: { queueInterrupt: () => {}, configInterrupt: () => {} },
      personality: "transitional",
      legacyEndian: this.#legacyEndian,
      extraFeatures: offered.filter((_, i) => ((options >> (i + 1)) & 1) !== 0),
      logger: {
        log: (level, message, fields) => {
          if (level === "error") this.#errors.push(`${message} ${String(fields?.error ?? "")}`);
        },
      },
    });
  }

  async run(): Promise<void> {
    for (let i = 0; i < MAX_ACTIONS && !this.#input.exhausted; i++) {
      memory.limit(STEPS);
      await this.#act();
      this.#check();
    }
    await this.#end();
    await this.#serveCorrectDriver();
  }

  #check(): void {
    if (memory.finding) throw memory.finding;
    if (this.#errors[0] !== undefined) throw new Finding("bug", this.#errors[0]);
    this.#rig.check();
  }

  async #settle(): Promise<void> {
    memory.limit(STEPS);
    await microtasks();
  }

  /** Resets the device while the host is still at work, then lets the host finish. */
  async #end(): Promise<void> {
    memory.dropPatches();
    memory.limit(STEPS);
    this.#reset();
    await this.#settle();
    this.#rig.settle();
    for (let i = 0; i < 40 && this.#frontend.resetting !== undefined; i++) await this.#settle();
    this.#check();
    const { status, resetting } = this.#frontend;
    if (resetting !== undefined || status !== 0) throw new Finding("wedged", `a reset does not end; the status is ${status}`);
  }

  async #serveCorrectDriver(): Promise<void> {
    memory.guard = undefined;
    memory.guest.fill(0);
    memory.limit(STEPS);
    await this.#rig.prove(new CorrectDriver(this.#frontend, memory));
    await this.#frontend.reset();
    await this.#settle();
    this.#check();
  }

  #reset(): void {
    void this.#frontend.reset();
    this.#setups.length = 0;
    // Whatever the device still does, none of this memory is its own.
    this.#observer.forgetAll();
  }

  async #act(): Promise<void> {
    const input = this.#input;
    const frontend = this.#frontend;
    const inService = (frontend.status & STATUS_DRIVER_OK) !== 0 && !frontend.needsReset;
    if (!inService && input.below(8) !== 7) {
      this.#reset();
      if (frontend.resetting !== undefined) this.#rig.settle();
      await this.#settle();
      this.#bringUp();
      return;
    }
    const queue = input.below(this.#queueCount);
    const ring = this.#rings[queue];
    switch (input.below(24)) {
      case 0:
        if (input.below(4) === 1) this.#writeStatus(input.u8());
        break;
      case 1:
        frontend.setDriverFeatures(input.below(5), input.u32());
        break;
      case 2:
        this.#setUpWildly(queue);
        break;
      case 3:
        this.#accessConfig();
        break;
      case 4:
        if (input.below(4) === 1) this.#reset();
        break;
      case 5:
        this.#resetQueue(queue);
        break;
      case 6:
        memory.guest.set(input.bytes(input.below(24)), queue * QUEUE_SPACE + input.below(QUEUE_SPACE - 24));
        break;
      case 7:
        if (ring) memory.patchLater(1 + input.below(40), ring.somewhere(input), input.bytes(1 + input.below(16)));
        break;
      case 8:
        memory.patchLater(1 + input.below(40), queue * QUEUE_SPACE + BUFFERS + input.u8() * 4, input.bytes(1 + input.below(16)));
        break;
      case 9:
        ring?.writeDescriptor(input);
        break;
      case 10:
        ring?.moveIndex(input);
        break;
      case 11:
        frontend.notify(input.flag() ? queue : input.u32());
        break;
      case 12:
      case 13:
      case 14:
        this.#rig.act(input);
        break;
      case 15:
      case 16:
        await this.#settle();
        break;
      default:
        this.#send(queue, ring);
    }
  }

  #send(queue: number, ring: HostileRing | undefined): void {
    if (!ring) return;
    const input = this.#input;
    ring.offer(input, this.#rig.message(input, queue, ring.place.endian));
    if (input.below(4) !== 1) this.#frontend.notify(queue);
  }

  get #queueCount(): number {
    return Math.min(MAX_QUEUES, this.#frontend.queueCount);
  }

  #writeStatus(status: number): void {
    if (status === 0) this.#reset();
    else this.#frontend.writeStatus(status);
  }

  /** Initialization as it should be, through either interface, with any of the features. */
  #bringUp(): void {
    const frontend = this.#frontend;
    const input = this.#input;
    const how = input.u8();
    const legacy = (how & 1) !== 0;
    frontend.useInterface(legacy ? "legacy" : "modern");
    const status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    frontend.writeStatus(status);
    for (let word = 0; word < 3; word++) {
      const offered = frontend.deviceFeatures(word);
      frontend.setDriverFeatures(word, (how & 6) === 6 && word !== 2 ? (offered & (input.u32() | (word === 1 ? 1 : 0))) >>> 0 : offered);
    }
    if (!legacy) frontend.writeStatus(status | STATUS_FEATURES_OK);
    for (let index = 0; index < this.#queueCount; index++) if ((how & 0x18) !== 0x18 || input.flag()) this.#setUp(index);
    frontend.writeStatus(status | (legacy ? 0 : STATUS_FEATURES_OK) | STATUS_DRIVER_OK);
  }

  #setUp(index: number): void {
    const base = index * QUEUE_SPACE;
    const size = Math.min(QUEUE_SIZE, this.#frontend.queueMaxSize(index));
    memory.guest.fill(0, base, base + BUFFERS);
    this.#trySetUp(index, { size, areas: { descriptor: base, driver: base + DRIVER_AREA, device: base + DEVICE_AREA } });
  }

  /** The set-up has to be known when it is accepted, because a device in service may look at the queue at once. */
  #trySetUp(index: number, setup: QueueSetup): void {
    const before = this.#setups[index];
    this.#setups[index] = setup;
    if (!this.#frontend.setUpQueue(index, setup)) {
      this.#setups[index] = before;
      return;
    }
    const { features, driverInterface } = this.#frontend;
    const base = index * QUEUE_SPACE;
    this.#rings[index] = new HostileRing(memory, {
      format: features.has(F_RING_PACKED) ? "packed" : "split",
      ...setup,
      endian: driverInterface === "legacy" ? this.#legacyEndian : "little",
      // A legacy driver's features are final only when service starts.
      indirect: features.has(F_INDIRECT_DESC) || driverInterface === "legacy",
      tables: { address: base + TABLES, length: BUFFERS - TABLES },
      buffers: { address: base + BUFFERS, length: QUEUE_SPACE - BUFFERS },
    });
  }

  #setUpWildly(index: number): void {
    const input = this.#input;
    const address = (): number => (input.below(4) === 1 ? input.u64() : 16 * input.below(memory.size / 16));
    const size = input.flag() ? input.u16() : 1 << input.below(8);
    switch (input.below(4)) {
      case 0: {
        const place = { address: address(), size, align: 1 << input.below(14) };
        const before = this.#setups[index];
        this.#setups[index] = { size, areas: legacyAreas(place.address, size, place.align) };
        if (!this.#frontend.setUpLegacyQueue(index, place)) this.#setups[index] = before;
        break;
      }
      case 1:
        if (this.#frontend.disableQueue(index)) this.#setups[index] = undefined;
        break;
      default:
        this.#trySetUp(index, { size, areas: { descriptor: address(), driver: address(), device: address() } });
    }
  }

  #resetQueue(index: number): void {
    const result = this.#frontend.resetQueue(index);
    if (result === false) return;
    this.#observer.forget(index);
    this.#setups[index] = undefined;
  }

  #accessConfig(): void {
    const input = this.#input;
    const bytes = input.bytes(input.below(80));
    const offset = input.flag() ? input.below(100) : input.u32();
    if (input.flag()) this.#frontend.writeConfig(offset, bytes);
    else this.#frontend.readConfig(offset, bytes);
  }
}

/** The target for a device: a driver without manners before it, a moody host behind it. */
export function deviceTarget(makeRig: (input: ByteInput) => Rig): FuzzTarget {
  return { run: (bytes) => new DeviceRun(makeRig, new ByteInput(bytes)).run() };
}
