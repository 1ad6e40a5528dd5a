import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import {
  createDeviceVirtqueue,
  createDriverVirtqueue,
  type DescriptorChain,
  type DeviceVirtqueue,
  type DeviceVirtqueueState,
  inspectVirtqueue,
  renderVirtqueue,
  type VirtqueueAreas,
  type VirtqueueConfig,
  VirtqueueError,
  VirtqueueStateError,
} from "../../../packages/vring/src/index.ts";
import { Finding, type FuzzTarget } from "../engine/target.ts";
import { ByteInput } from "../harness/byte-input.ts";
import { FuzzMemory } from "../harness/fuzz-memory.ts";
import { HostileRing, type Part } from "../harness/hostile-ring.ts";
import { damageJson } from "../harness/json.ts";
import { RingModel, type RingModelConfig } from "../harness/ring-model.ts";

const MEMORY_SIZE = 0x4000;
const AREAS: VirtqueueAreas = { descriptor: 0, driver: 0x400, device: 0x600 };
/** Of the rings, whatever the format and size. */
const RINGS_END = 0xa00;
const TABLES = { address: 0xa00, length: 0x400 };
const BUFFERS = { address: 0x1000, length: 0x2000 };

const MAX_ACTIONS = 300;

/** Accesses to memory of one inspection. */
const INSPECTION_STEPS = 100_000;

/** Used by one run after the other: to make it anew would take longer than a run. */
const fuzzMemory = new FuzzMemory(MEMORY_SIZE);

/** A device side, and a guest that shares its memory and does what the input says. */
class RingRun {
  readonly #input: ByteInput;
  readonly #memory = fuzzMemory;
  readonly #config: VirtqueueConfig & RingModelConfig;
  readonly #ring: HostileRing;
  #model: RingModel;
  /** Chains that were taken and not returned. */
  readonly #chains: DescriptorChain[] = [];
  /** Those of them that belong to the queue as it is now: not from before a reset or restore. */
  readonly #live = new Set<DescriptorChain>();
  #queue: DeviceVirtqueue;
  #closed = false;

  constructor(format: "split" | "packed", input: ByteInput) {
    this.#input = input;
    this.#memory.reset();
    const features = input.u8();
    const choice = input.u8();
    this.#config = {
      format,
      size: format === "split" ? 1 << (choice % 7) : 1 + (choice % 64),
      areas: AREAS,
      endian: (features & 1) !== 0 ? "big" : "little",
      indirect: (features & 2) !== 0,
      eventIndex: (features & 4) !== 0,
      inOrder: (features & 8) !== 0,
      inOrderBatches: (features & 64) !== 0,
      notifyOnEmpty: (features & 16) !== 0,
      maxChainLength: (features & 32) !== 0 ? 1 + (choice >> 4) : 128,
    };
    this.#ring = new HostileRing(this.#memory, { ...this.#config, tables: TABLES, buffers: BUFFERS });
    this.#model = new RingModel(this.#memory, this.#config);
    this.#queue = createDeviceVirtqueue(this.#memory, this.#config);
  }

  get #endian(): Endian {
    return this.#config.endian;
  }

  /** The most that one call may need: every descriptor of every chain, four times over. */
  get #steps(): number {
    return 16 * (this.#config.maxChainLength + this.#config.size) + 256;
  }

  run(): void {
    for (let i = 0; i < MAX_ACTIONS && !this.#input.exhausted; i++) this.#act();
    this.#memory.guard = undefined;
  }

  get #isStopped(): boolean {
    return this.#queue.error !== undefined || this.#closed;
  }

  /** Calls the device side. Returns undefined if it stopped because of the ring. */
  #call<T>(what: string, action: (queue: DeviceVirtqueue) => T): T | undefined {
    const stopped = this.#isStopped;
    this.#memory.limit(this.#steps);
    this.#memory.guard = {
      mayRead: () => true,
      mayWrite: (address, length) => !stopped && this.#model.mayWrite(address, length),
    };
    this.#model.beforeCall();
    try {
      const result = action(this.#queue);
      if (stopped && result !== undefined && result !== false) throw new Finding("answer", `${what} of a stopped queue gives something`);
      const { inFlight, size } = this.#queue;
      if (inFlight > size) throw new Finding("memory", `${inFlight} chains are in flight in a queue of ${size}`);
      this.#model.observeIndex();
      return result;
    } catch (error) {
      if (error instanceof VirtqueueError) this.#refused(error, stopped, what);
      else throw error;
      return undefined;
    } finally {
      this.#memory.guard = undefined;
    }
  }

  #refused(error: VirtqueueError, stopped: boolean, what: string): void {
    if (stopped) throw new Finding("answer", `${what} throws again after an error: ${error.message}`);
    if (this.#queue.error !== error) throw new Finding("answer", `${what} throws an error that is not the queue's`);
    this.#model.refused(error.message);
  }

  #act(): void {
    const input = this.#input;
    switch (input.below(22)) {
      case 0:
      case 1:
        this.#ring.writeDescriptor(input);
        break;
      case 2:
        this.#memory.guest.set(input.bytes(input.below(24)), input.below(RINGS_END));
        break;
      case 3:
        this.#ring.moveIndex(input);
        break;
      case 4:
        this.#memory.patchLater(1 + input.below(24), this.#ring.somewhere(input), input.bytes(1 + input.below(16)));
        break;
      case 5:
        this.#call("hasAvailable", (queue) => queue.hasAvailable());
        break;
      case 6:
        this.#call("disableNotifications", (queue) => queue.disableNotifications());
        break;
      case 7:
        this.#call("enableNotifications", (queue) => queue.enableNotifications());
        break;
      case 8:
      case 9:
        this.#push();
        break;
      case 10:
      case 11:
        if (this.#call("flush", (queue) => queue.flush()) !== undefined && !this.#isStopped) this.#model.flushed();
        break;
      case 12:
        this.#readChain();
        break;
      case 13:
        this.#writeChain();
        break;
      case 14:
        this.#end();
        break;
      case 15:
      case 16:
        this.#pop();
        break;
      case 17:
        this.#saveAndRestore();
        break;
      default:
        this.#offer();
    }
  }

  /** Now and then: the queue is closed, starts anew, or somebody looks at it. */
  #end(): void {
    const choice = this.#input.below(16);
    if (choice === 1) {
      this.#call("close", (queue) => queue.close());
      this.#closed = true;
    } else if (choice === 2) {
      this.#call("reset", (queue) => queue.reset());
      this.#live.clear();
      this.#model = new RingModel(this.#memory, this.#config);
    } else if (choice === 3) {
      this.#inspect();
    }
  }

  /** Looking must not touch anything. */
  #inspect(): void {
    this.#memory.limit(INSPECTION_STEPS);
    this.#memory.guard = { mayRead: () => true, mayWrite: () => false };
    renderVirtqueue(inspectVirtqueue(this.#memory, this.#config, this.#input.flag() ? { device: this.#queue } : {}));
    this.#memory.guard = undefined;
  }

  #pop(): void {
    const chain = this.#call("pop", (queue) => queue.pop());
    if (!chain) return;
    this.#model.popped(chain);
    this.#chains.push(chain);
    this.#live.add(chain);
  }

  #push(): void {
    const [chain] = this.#chains.splice(this.#input.below(Math.max(1, this.#chains.length)), 1);
    if (!chain) return;
    const written = this.#input.flag() ? chain.writableLength : Math.min(chain.writableLength, this.#input.u16());
    this.#call("push", (queue) => queue.push(chain, written));
    if (this.#live.delete(chain)) this.#model.pushed(chain.id);
  }

  #chain(): DescriptorChain | undefined {
    return this.#chains[this.#input.below(Math.max(1, this.#chains.length))];
  }

  /** Uses a reader or writer with only the chain's own buffers in reach. A message that is too short is the guest's fault. */
  #useChain(chain: DescriptorChain, kind: "readable" | "writable", action: () => void): void {
    const live = this.#live.has(chain);
    const spans = live ? this.#model.inFlight.get(chain.id)?.[kind] : undefined;
    const inside = (address: number, length: number): boolean =>
      !spans || spans.some((span) => address >= span.address && address + length <= span.address + span.length);
    this.#memory.limit(4096);
    this.#memory.guard = {
      mayRead: (address, length) => kind === "readable" && inside(address, length),
      mayWrite: (address, length) => kind === "writable" && live && !this.#isStopped && inside(address, length),
    };
    try {
      action();
    } catch (error) {
      if (!(error instanceof VirtqueueError) || error.code !== "ERR_VIRTQUEUE_MESSAGE_TOO_SHORT") throw error;
    } finally {
      this.#memory.guard = undefined;
    }
  }

  #readChain(): void {
    const chain = this.#chain();
    if (!chain) return;
    const { readable } = chain;
    const input = this.#input;
    const before = readable.remaining;
    const how = input.below(8);
    const length = input.below(600);
    this.#useChain(chain, "readable", () => {
      if (how === 0) readable.readUint8();
      else if (how === 1) readable.readUint16(this.#endian);
      else if (how === 2) readable.readUint32(this.#endian);
      else if (how === 3) readable.readUint64(this.#endian);
      else if (how === 4) readable.skip(length);
      else if (how === 5) {
        const rest = readable.splitAt(length);
        if (readable.remaining !== length || rest.remaining !== before - length) throw new Finding("answer", "a reader is cut wrongly");
        rest.read(new Uint8Array(length));
      } else if (how === 6) readable.readExact(new Uint8Array(length));
      else if (readable.read(new Uint8Array(length)) !== Math.min(before, length)) throw new Finding("answer", "a read of a wrong length");
    });
  }

  #writeChain(): void {
    const chain = this.#chain();
    if (!chain) return;
    const { writable } = chain;
    const input = this.#input;
    const before = writable.remaining;
    const how = input.below(8);
    const length = input.below(600);
    this.#useChain(chain, "writable", () => {
      if (how === 0) writable.writeUint8(1);
      else if (how === 1) writable.writeUint16(2, this.#endian);
      else if (how === 2) writable.writeUint32(3, this.#endian);
      else if (how === 3) writable.writeUint64(4, this.#endian);
      else if (how === 4) writable.skip(length);
      else if (how === 5) {
        const rest = writable.splitAt(length);
        if (writable.remaining !== length || rest.remaining !== before - length) throw new Finding("answer", "a writer is cut wrongly");
        rest.write(new Uint8Array(length));
      } else if (how === 6) writable.fill(5, length);
      else if (writable.write(new Uint8Array(length)) !== Math.min(before, length))
        throw new Finding("answer", "a write of a wrong length");
    });
  }

  /** Something to read, then something to write. */
  #offer(): void {
    const input = this.#input;
    const shape = input.u8();
    const readable = (shape >> 3) % 6;
    const parts = Array.from({ length: 1 + (shape % 5) }, (_, i): Part => {
      const length = this.#ring.length(input) % 1025;
      return i < readable ? { bytes: new Uint8Array(length).fill(i) } : { room: length };
    });
    this.#ring.offer(input, parts);
    if ((shape & 0x40) === 0) this.#pop();
  }

  /** Goes on with another object that has the state of this one, or one that somebody has changed. What was in flight comes again. */
  #saveAndRestore(): void {
    const input = this.#input;
    const old = this.#queue;
    const saved = JSON.parse(JSON.stringify(old.save())) as DeviceVirtqueueState;
    const damages = input.below(4);
    let state: unknown = saved;
    for (let i = 0; i < damages; i++) state = damageJson(input, state);
    try {
      this.#queue = createDeviceVirtqueue(this.#memory, this.#config, { state: state as DeviceVirtqueueState });
    } catch (error) {
      if (!(error instanceof VirtqueueStateError) || damages === 0) throw error;
      return;
    }
    old.close();
    this.#live.clear();
    // A saved state does not tell whether a queue that met a malformed ring was closed afterwards.
    const { closed, error } = state as DeviceVirtqueueState;
    this.#closed = closed && error === undefined;
    this.#model.restored();
    if (damages > 0) this.#model.lose();
    if (JSON.stringify(this.#queue.save()) !== JSON.stringify(state) && damages === 0) {
      throw new Finding("answer", "a restored queue has another state");
    }
  }

  /** What one run leaves behind in the code itself must not hurt the next queue. */
  serveCorrectDriver(): void {
    const memory = this.#memory;
    memory.reset();
    const config = { ...this.#config, size: 4, maxChainLength: 16, areas: { descriptor: 0, driver: 0x100, device: 0x200 } };
    const driver = createDriverVirtqueue<number>(memory, config);
    const device = createDeviceVirtqueue(memory, config);
    driver.add([{ address: 0x400, length: 2 }], [{ address: 0x500, length: 2 }], 77);
    driver.kickPrepare();
    memory.guest[0x401] = 9;
    const chain = device.pop();
    if (!chain) throw new Finding("wedged", "a new queue gives nothing to a correct driver");
    chain.writable.writeUint16(chain.readable.readUint16("big"), "big");
    device.push(chain, 2);
    device.flush();
    const used = driver.getBuf();
    if (used?.token !== 77 || used.written !== 2 || memory.guest[0x501] !== 9) throw new Finding("wedged", "a new queue serves badly");
  }
}

/** The device side of one ring format, driven call by call. */
export function ringTarget(format: "split" | "packed"): FuzzTarget {
  return {
    run: (bytes) => {
      const run = new RingRun(format, new ByteInput(bytes));
      run.run();
      run.serveCorrectDriver();
    },
  };
}
