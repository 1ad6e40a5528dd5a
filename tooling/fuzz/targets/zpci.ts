import { RngDevice } from "../../../packages/device-rng/src/index.ts";
import type { GuestMemory } from "../../../packages/guest-memory/src/index.ts";
import { VirtioPciDevice } from "../../../packages/transport-pci-modern/src/index.ts";
import { VirtioDriver } from "../../../packages/virtio-driver/src/index.ts";
import { type PciAccess, PciTransport } from "../../../packages/virtio-driver/src/pci/index.ts";
import {
  ClpCommand,
  ConfigureResponse,
  INFORMATION_BLOCK_SIZE,
  InterruptionMode,
  ModifyOperation,
  ZpciBus,
  type ZpciFunction,
} from "../../../packages/zpci/src/index.ts";
import { Finding, type FuzzTarget } from "../engine/target.ts";
import { ByteInput } from "../harness/byte-input.ts";
import { FuzzMemory } from "../harness/fuzz-memory.ts";
import { microtasks } from "../harness/rig.ts";

const MEMORY_SIZE = 0x1_0000;
const MAX_ACTIONS = 200;
/** Accesses to guest memory that one instruction may make. */
const STEPS = 2_000_000;
const ANSWER = 0x5a;

/** Most bytes of an event: what STORE EVENT INFORMATION has room for behind its header. */
const MAX_EVENT = 4096 - 16;

const CONFIG_SPACE = 15;
const OPERAND_EXCEPTION = -0x15;
const SPECIFICATION_EXCEPTION = -0x06;

const COMMANDS = Object.values(ClpCommand);
const OPERATIONS = Object.values(ModifyOperation);
const MODES = Object.values(InterruptionMode);
const LENGTHS = [1, 2, 4, 8];
/** Bytes of a PCI STORE BLOCK, and of all that CALL LOGICAL PROCESSOR is given. */
const MAX_BLOCK = 256;
const CLP_BLOCK = 4096;

const memory = new FuzzMemory(MEMORY_SIZE);

/** Functions in an s390 machine, and a program that issues any PCI instruction with any operands. */
class ZpciRun {
  readonly #input: ByteInput;
  readonly #bus: ZpciBus;
  readonly #functions: readonly ZpciFunction[];
  readonly #errors: string[] = [];

  constructor(input: ByteInput) {
    this.#input = input;
    memory.reset();
    this.#bus = new ZpciBus({
      memory,
      adapterInterruptions: {
        raise: (subclass) => {
          if (!Number.isInteger(subclass) || subclass < 0 || subclass > 7) throw new Finding("answer", `interruption subclass ${subclass}`);
        },
      },
      postEvent: (data) => {
        if (data.length === 0 || data.length > MAX_EVENT) throw new Finding("answer", `an event of ${data.length} bytes`);
      },
    });
    // One works in absolute storage, the other behind address translation.
    this.#functions = [false, true].map((translated) => this.#attach(translated));
  }

  #attach(translated: boolean): ZpciFunction {
    const dma = this.#bus.createMemory();
    const seen: GuestMemory = translated ? dma : memory;
    const device = new VirtioPciDevice(new RngDevice({ source: { fill: (bytes) => bytes.fill(ANSWER) } }), {
      memory: seen,
      interruptPin: 0,
      logger: {
        log: (level, message, fields) => {
          if (level === "error") this.#errors.push(`${message} ${String(fields?.error ?? "")}`);
        },
      },
    });
    return this.#bus.attach(device.pciFunction, { dma, reset: () => device.reset() });
  }

  async run(): Promise<void> {
    for (let i = 0; i < MAX_ACTIONS && !this.#input.exhausted; i++) {
      memory.limit(STEPS);
      this.#act();
      if (this.#input.below(8) === 1) await microtasks();
      this.#check();
    }
    await microtasks();
    await this.#prove();
    this.#check();
  }

  #check(): void {
    if (memory.finding) throw memory.finding;
    if (this.#errors[0] !== undefined) throw new Finding("bug", this.#errors[0]);
  }

  /** @param result of an instruction: a program interruption, or a condition code with a status */
  #expect(what: string, result: number): void {
    if (result === OPERAND_EXCEPTION || result === SPECIFICATION_EXCEPTION) return;
    if (!Number.isInteger(result) || result < 0 || (result & 0xff) > 3) throw new Finding("answer", `${what}: ${result}`);
  }

  #act(): void {
    const input = this.#input;
    const handle = this.#handle();
    const [high, low] = this.#offset();
    switch (input.below(12)) {
      case 0:
      case 1:
        this.#callLogicalProcessor(handle);
        break;
      case 2:
        this.#load(handle, high, low);
        break;
      case 3:
      case 4:
      case 5:
        this.#expect("store", this.#bus.store(handle, this.#control(), high, low, input.u32(), this.#value()));
        break;
      case 6:
        this.#storeBlock(handle, high, low);
        break;
      case 7:
      case 8:
        this.#modifyControls(handle);
        break;
      case 9:
        this.#expect("store controls", this.#bus.storeControls(handle, input.below(4) === 1 ? input.u32() : 0, this.#block()));
        break;
      case 10:
        this.#expect("refresh", this.#bus.refreshTranslations(handle, high, low, input.below(2), input.u32()));
        break;
      default:
        this.#other(handle);
    }
  }

  #other(handle: number): void {
    const input = this.#input;
    switch (input.below(6)) {
      case 0:
        this.#expect(
          "interruption controls",
          this.#bus.setInterruptionControls(input.flag() ? input.pick(MODES) : input.u16(), input.u8()),
        );
        break;
      case 1:
        this.#bus.configure(input.below(4));
        break;
      case 2:
        this.#bus.deconfigure(input.below(4));
        break;
      case 3:
        if (input.below(8) === 1) this.#bus.reset();
        break;
      case 4:
        this.#bus.storeControls(handle, 0, new Uint8Array(INFORMATION_BLOCK_SIZE));
        break;
      default:
        memory.guest.set(input.bytes(1 + input.below(24)), 8 * input.below((MEMORY_SIZE - 24) / 8));
    }
  }

  #handle(): number {
    const input = this.#input;
    const { handle } = this.#functions[input.below(this.#functions.length)] as ZpciFunction;
    const choice = input.below(16);
    return choice === 0 ? input.u32() : choice === 1 ? (handle ^ (1 << input.below(32))) >>> 0 : handle;
  }

  /** Which space, and how many bytes. */
  #control(): number {
    const input = this.#input;
    if (input.below(16) === 1) return input.u32();
    const space = input.below(3) === 0 ? CONFIG_SPACE : input.flag() ? 4 : input.below(16);
    return (space << 16) | input.pick(LENGTHS);
  }

  #offset(): [number, number] {
    const input = this.#input;
    if (input.below(16) === 1) return [input.u32(), input.u32()];
    return [0, (input.below(6) << 12) + input.u8()];
  }

  /** Little-endian in the registers, as the functions have it. */
  #value(): number {
    const input = this.#input;
    const choice = input.below(4);
    if (choice === 0) return input.u32();
    return choice === 1 ? input.u8() << 24 : input.u8();
  }

  #block(): Uint8Array {
    return new Uint8Array(INFORMATION_BLOCK_SIZE);
  }

  #load(handle: number, high: number, low: number): void {
    const data = new Uint32Array(2);
    this.#expect("load", this.#bus.load(handle, this.#control(), high, low, data));
  }

  #storeBlock(handle: number, high: number, low: number): void {
    const input = this.#input;
    const length = input.below(4) === 1 ? input.below(MAX_BLOCK) : 8 * (2 + input.below(15));
    const control = (this.#control() & ~0x1fff) | length;
    const checked = this.#bus.checkStoreBlock(handle, control, high, low);
    this.#expect("store block", checked);
    const block = new Uint8Array(length);
    block.set(input.bytes(Math.min(length, 32)));
    const result = this.#bus.storeBlock(handle, control, high, low, block);
    if (result !== checked) throw new Finding("answer", `a store block is checked with ${checked}, and done with ${result}`);
  }

  #modifyControls(handle: number): void {
    const input = this.#input;
    const block = this.#block();
    const view = new DataView(block.buffer);
    const address = (): number => (input.below(8) === 1 ? input.u64() : 8 * input.below(MEMORY_SIZE / 8));
    // Base, limit and anchor of an address space; interruption parameters and the addresses of the indicators.
    for (const at of [16, 24, 32, 48, 56]) view.setBigUint64(at, BigInt(Math.min(address(), 0xffff_ffff_ffff_f800)));
    if (input.flag()) view.setUint32(36, (view.getUint32(36) & ~0xfff) | input.below(0x1000));
    view.setUint32(40, input.u32());
    if (input.below(8) === 1) block.set(input.bytes(16), input.below(64));
    const control = input.below(16) === 1 ? input.u32() : input.pick(OPERATIONS);
    this.#expect("modify controls", this.#bus.modifyControls(handle, control, block));
  }

  #callLogicalProcessor(handle: number): void {
    const input = this.#input;
    const block = new Uint8Array(CLP_BLOCK);
    const view = new DataView(block.buffer);
    const requestLength = input.below(16) === 1 ? 8 * input.below(CLP_BLOCK / 8) : 32;
    if (requestLength >= 32) {
      view.setUint16(0, requestLength);
      view.setUint16(2, input.below(16) === 1 ? input.u16() : input.pick(COMMANDS));
      // A handle, a resume token or the one group that there is.
      view.setUint32(16, input.below(4) === 1 ? 0xff : handle);
      if (input.below(4) === 1) block.set(input.bytes(16), 4 + input.below(24));
      else view.setUint16(22, (input.below(3) << 8) | 1);
    }
    if (requestLength + 8 <= CLP_BLOCK) {
      view.setUint16(requestLength, input.below(4) === 1 ? input.u16() : input.pick([32, 48, 64, 256]));
    }
    this.#expect("call logical processor", this.#bus.callLogicalProcessor(0, block, requestLength));
  }

  /** After a reset of the machine a driver that knows the rules is served. */
  async #prove(): Promise<void> {
    memory.dropPatches();
    memory.limit(Number.POSITIVE_INFINITY);
    this.#bus.reset();
    await microtasks();
    memory.guest.fill(0);
    const [zpci] = this.#functions;
    if (!zpci || this.#bus.configure(zpci.id) === ConfigureResponse.unknown) throw new Finding("wedged", "the function is gone");
    zpci.enable();
    const transport = new PciTransport({ pci: this.#access(zpci), memory });
    const driver = await VirtioDriver.open(transport, { queueSize: 4, polling: { attempts: 10 } });
    const answer = driver.request(0, [], [8]);
    await microtasks();
    transport.interrupt();
    if (driver.queue(0).inFlight > 0) throw new Finding("wedged", "after a reset a request gets no answer");
    const { data } = await answer;
    if (data.some((byte) => byte !== ANSWER)) throw new Finding("answer", "after a reset the answer is wrong");
    await driver.close();
  }

  /** Loads and stores as a driver makes them. */
  #access(zpci: ZpciFunction): PciAccess {
    const swap = (value: number, width: number): number => {
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, value, true);
      return view.getUint32(0) >>> (8 * (4 - width));
    };
    const read = (space: number, offset: number, width: 1 | 2 | 4): number => {
      const data = new Uint32Array(2);
      const result = this.#bus.load(zpci.handle, (space << 16) | width, 0, offset, data);
      if (result !== 0) throw new Finding("wedged", `after a reset a load ends with ${result}`);
      return swap(data[1] as number, width);
    };
    const write = (space: number, offset: number, width: 1 | 2 | 4, value: number): void => {
      const result = this.#bus.store(zpci.handle, (space << 16) | width, 0, offset, 0, swap(value, width));
      if (result !== 0) throw new Finding("wedged", `after a reset a store ends with ${result}`);
    };
    return {
      readConfig: (offset, width) => read(CONFIG_SPACE, offset, width),
      writeConfig: (offset, width, value) => write(CONFIG_SPACE, offset, width, value),
      readBar: read,
      writeBar: write,
    };
  }
}

/** PCI instructions of an s390 machine, with functions behind them. */
export const zpci: FuzzTarget = { run: (bytes) => new ZpciRun(new ByteInput(bytes)).run() };
