import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import {
  F_INDIRECT_DESC,
  F_RING_PACKED,
  type QueueSetup,
  STATUS_DRIVER_OK,
  type VirtioDevice,
  type VirtioFrontend,
} from "../../../packages/virtio/src/index.ts";
import type { Logger } from "../../../packages/vmm-interface/src/index.ts";
import { Finding, type FuzzTarget } from "../engine/target.ts";
import { ByteInput } from "./byte-input.ts";
import { CorrectDriver } from "./correct-driver.ts";
import { FuzzMemory } from "./fuzz-memory.ts";
import { HostileRing } from "./hostile-ring.ts";
import { QueueObserver } from "./observed-device.ts";
import { microtasks, type Rig } from "./rig.ts";

/** Where a way of access may have things of its own. */
export const DOOR_SPACE = { address: 0, length: 0x1000 } as const;

/** After that each queue has this much memory: its rings (as the legacy layout has them, with alignment 64), indirect tables, buffers. */
const QUEUE_SPACE = 0x1000;
const DRIVER_AREA = 0x100;
const DEVICE_AREA = 0x140;
const TABLES = 0x200;
const BUFFERS = 0x400;
const MAX_QUEUES = 8;
const QUEUE_SIZE = 16;

const MEMORY_SIZE = DOOR_SPACE.length + MAX_QUEUES * QUEUE_SPACE;

function queueBase(index: number): number {
  return DOOR_SPACE.length + index * QUEUE_SPACE;
}

const MAX_ACTIONS = 300;

/** Accesses that one call into a device may make: every entry of a ring with a table of 1,024 descriptors needs 65,536 for each queue. */
const STEPS = 1_000_000;

/** How a driver reaches a device: the calls of a frontend, or a transport before it. */
export interface Door {
  readonly frontend: VirtioFrontend;
  /** Byte order of the rings as things are now. */
  readonly endian: Endian;
  /** Byte order of the legacy interface. */
  readonly legacyEndian: Endian;
  /** Whether the device side of this door itself writes to guest memory, beyond what devices do. */
  readonly writesMemory: boolean;
  /** Where else it writes to guest memory, if it {@link writesMemory} in some places only. */
  mayWrite?(address: number, length: number): boolean;
  /** Initialization up to where queues can be set up; `features(word, offered)` chooses. */
  begin(features: (word: number, offered: number) => number): void;
  setUpQueue(index: number, setup: QueueSetup): void;
  /** Initialization from there on. */
  end(): void;
  notify(queue: number): void;
  reset(): void;
  /** Does anything that a driver can do here, right or wrong. */
  act(input: ByteInput, queue: number): void;
}

/** What a door has to work with. */
export interface DoorSetting {
  readonly device: VirtioDevice;
  readonly memory: FuzzMemory;
  readonly logger: Logger;
  /** The device is about to go on with a saved state: what its queues have in work is not known any more. */
  restoring(setups: readonly (QueueSetup | undefined)[]): void;
}

export type MakeDoor = (setting: DoorSetting, input: ByteInput) => Door;

/** One device from its making to its end, with a driver that does what the input says. */
class DeviceRun {
  readonly #memory: FuzzMemory;
  readonly #input: ByteInput;
  readonly #rig: Rig;
  readonly #door: Door;
  readonly #frontend: VirtioFrontend;
  readonly #observer: QueueObserver;
  readonly #setups: (QueueSetup | undefined)[] = [];
  readonly #rings: (HostileRing | undefined)[] = [];
  readonly #errors: string[] = [];

  constructor(memory: FuzzMemory, makeRig: (input: ByteInput) => Rig, makeDoor: MakeDoor, input: ByteInput) {
    this.#memory = memory;
    this.#input = input;
    memory.reset();
    this.#observer = new QueueObserver(memory, (index) => this.#setups[index]);
    this.#rig = makeRig(input);
    const setting: DoorSetting = {
      device: this.#observer.observe(this.#rig.device),
      memory,
      logger: {
        log: (level, message, fields) => {
          if (level === "error") this.#errors.push(`${message} ${String(fields?.error ?? "")}`);
        },
      },
      restoring: (setups) => {
        this.#setups.splice(0, this.#setups.length, ...setups);
        this.#observer.blind = true;
      },
    };
    this.#door = makeDoor(setting, input);
    this.#frontend = this.#door.frontend;
    this.#listen();
    if (this.#door.writesMemory) return;
    memory.guard = {
      mayRead: () => true,
      mayWrite: (address, length) => this.#observer.mayWrite(address, length) || (this.#door.mayWrite?.(address, length) ?? false),
    };
  }

  /** Learns of queues and resets where all doors come together. */
  #listen(): void {
    const frontend = this.#frontend;
    const { setUpQueue, reset, resetQueue, resume, writeStatus } = frontend;
    frontend.setUpQueue = (index, setup) => {
      // Known beforehand, because a device in service may look at the queue at once.
      const before = this.#setups[index];
      this.#setups[index] = setup;
      const done = setUpQueue.call(frontend, index, setup);
      if (!done) this.#setups[index] = before;
      return done;
    };
    frontend.reset = () => {
      const pending = reset.call(frontend);
      this.#setups.length = 0;
      this.#observer.forgetAll();
      return pending;
    };
    frontend.resume = () => {
      this.#observer.resumed();
      resume.call(frontend);
    };
    frontend.writeStatus = (status) => {
      this.#observer.resumed();
      return writeStatus.call(frontend, status);
    };
    frontend.resetQueue = (index) => {
      const result = resetQueue.call(frontend, index);
      if (result !== false) {
        this.#observer.forget(index);
        this.#setups[index] = undefined;
      }
      return result;
    };
  }

  async run(): Promise<void> {
    for (let i = 0; i < MAX_ACTIONS && !this.#input.exhausted; i++) {
      this.#memory.limit(STEPS);
      await this.#act();
      this.#check();
    }
    await this.#end();
    await this.#serveCorrectDriver();
  }

  #check(): void {
    if (this.#memory.finding) throw this.#memory.finding;
    if (this.#errors[0] !== undefined) throw new Finding("bug", this.#errors[0]);
    this.#rig.check();
  }

  async #settle(): Promise<void> {
    this.#memory.limit(STEPS);
    await microtasks();
  }

  /** Resets the device while the host is still at work, then lets the host finish. */
  async #end(): Promise<void> {
    this.#memory.dropPatches();
    this.#memory.limit(STEPS);
    this.#frontend.resume();
    this.#door.reset();
    await this.#settle();
    this.#rig.settle();
    for (let i = 0; i < 40 && this.#frontend.resetting !== undefined; i++) await this.#settle();
    // A door that could not carry the reset out leaves it to the machine.
    void this.#frontend.reset();
    this.#check();
    const { status, resetting } = this.#frontend;
    if (resetting !== undefined || status !== 0) throw new Finding("wedged", `a reset does not end; the status is ${status}`);
  }

  async #serveCorrectDriver(): Promise<void> {
    this.#memory.guard = undefined;
    this.#memory.guest.fill(0);
    this.#memory.limit(STEPS);
    await this.#rig.prove(new CorrectDriver(this.#frontend, this.#memory, this.#door.legacyEndian));
    await this.#frontend.reset();
    await this.#settle();
    this.#check();
  }

  async #act(): Promise<void> {
    const input = this.#input;
    const frontend = this.#frontend;
    const inService = (frontend.status & STATUS_DRIVER_OK) !== 0 && !frontend.needsReset;
    if (!inService && input.below(8) !== 7) {
      this.#door.reset();
      if (frontend.resetting !== undefined) this.#rig.settle();
      await this.#settle();
      this.#bringUp();
      return;
    }
    const queue = input.below(this.#queueCount);
    const ring = this.#rings[queue];
    switch (input.below(26)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        this.#door.act(input, queue);
        break;
      case 5:
        if (input.below(4) === 1) this.#door.reset();
        break;
      case 6:
        this.#memory.guest.set(input.bytes(input.below(24)), queueBase(queue) + input.below(QUEUE_SPACE - 24));
        break;
      case 7:
        if (ring) this.#memory.patchLater(1 + input.below(40), ring.somewhere(input), input.bytes(1 + input.below(16)));
        break;
      case 8:
        this.#memory.patchLater(1 + input.below(40), queueBase(queue) + BUFFERS + input.u8() * 4, input.bytes(1 + input.below(16)));
        break;
      case 9:
        ring?.writeDescriptor(input);
        break;
      case 10:
        ring?.moveIndex(input);
        break;
      case 11:
        this.#door.notify(input.flag() ? queue : input.u32());
        break;
      case 12:
      case 13:
      case 14:
      case 15:
        this.#rig.act(input);
        break;
      case 16:
      case 17:
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
    if (input.below(4) !== 1) this.#door.notify(queue);
  }

  get #queueCount(): number {
    return Math.min(MAX_QUEUES, this.#frontend.queueCount);
  }

  /** Initialization as it should be, with any of the features and most of the queues. */
  #bringUp(): void {
    const input = this.#input;
    const how = input.u8();
    const some = (how & 3) === 3;
    this.#door.begin((word, offered) => (some && word < 2 ? (offered & (input.u32() | (word === 1 ? 1 : 0))) >>> 0 : offered));
    for (let index = 0; index < this.#queueCount; index++) if ((how & 0x0c) !== 0x0c || input.flag()) this.#setUp(index);
    this.#door.end();
  }

  #setUp(index: number): void {
    const base = queueBase(index);
    const size = Math.min(QUEUE_SIZE, this.#frontend.queueMaxSize(index));
    const areas = { descriptor: base, driver: base + DRIVER_AREA, device: base + DEVICE_AREA };
    this.#memory.guest.fill(0, base, base + BUFFERS);
    this.#door.setUpQueue(index, { size, areas });
    const setup = this.#setups[index];
    if (!setup) return;
    const { features, driverInterface } = this.#frontend;
    this.#rings[index] = new HostileRing(this.#memory, {
      format: features.has(F_RING_PACKED) ? "packed" : "split",
      ...setup,
      endian: this.#door.endian,
      // A legacy driver's features are final only when service starts.
      indirect: features.has(F_INDIRECT_DESC) || driverInterface === "legacy",
      tables: { address: base + TABLES, length: BUFFERS - TABLES },
      buffers: { address: base + BUFFERS, length: QUEUE_SPACE - BUFFERS },
    });
  }
}

/**
 * The target for a device: a driver without manners before it, a moody host behind it.
 * @param extra bytes of memory behind all queues, for the door
 */
export function deviceTarget(makeRig: (input: ByteInput) => Rig, makeDoor: MakeDoor, extra = 0): FuzzTarget {
  const memory = new FuzzMemory(MEMORY_SIZE + extra);
  return { run: (bytes) => new DeviceRun(memory, makeRig, makeDoor, new ByteInput(bytes)).run() };
}
