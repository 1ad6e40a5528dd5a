import { HostError } from "@zarch/vmm-interface";
import { Bar, type BarOptions } from "./bar.ts";
import type { PciCapability } from "./capability.ts";
import { PciConfigSpace } from "./config-space.ts";
import { type MsiPort, MsixVectors } from "./msix.ts";
import { type AccessWidth, allOnes, RegionMap, type RegionPart } from "./region.ts";
import {
  BAR_COUNT,
  CONFIG_SIZE,
  type EXTENDED_CONFIG_SIZE,
  FIRST_CAPABILITY,
  PciCapabilityId,
  PciCommand,
  PciRegister,
  PciStatus,
} from "./registers.ts";

/** What a function needs of the machine around it. */
export interface PciFunctionHost {
  readonly msi: MsiPort;
  /** Level of the function's INTx line. */
  setInterruptLine(asserted: boolean): void;
}

export interface PciIdentity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revisionId: number;
  /** Base class, subclass and programming interface: 24 bits. */
  readonly classCode: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
}

/** How a function shows its MSI-X vectors. Table and pending bits lie in its base address registers. */
export interface MsixOptions {
  /** Number of vectors, 1 to 2048. */
  readonly vectors: number;
  readonly tableBar: number;
  /** Bytes, a multiple of 8. */
  readonly tableOffset: number;
  readonly pendingBar: number;
  readonly pendingOffset: number;
}

export interface PciFunctionOptions {
  readonly identity: PciIdentity;
  /** By index 0 to 5. The one behind a 64-bit register has to be left out. */
  readonly bars?: readonly (BarOptions | undefined)[];
  /** In the order of the list. */
  readonly capabilities?: readonly PciCapability[];
  /** Adds an MSI-X capability at the end of the list, and lays table and pending bits over the regions of their registers. */
  readonly msix?: MsixOptions;
  /** INTA to INTD as 1 to 4; 0 for none. Default 0. */
  readonly interruptPin?: 0 | 1 | 2 | 3 | 4;
  /** Bytes of configuration space. Default 256. */
  readonly configSize?: typeof CONFIG_SIZE | typeof EXTENDED_CONFIG_SIZE;
  /** The host has written the command register. */
  readonly onCommand?: (command: number) => void;
}

const MSIX_ENABLE = 0x8000;
const MSIX_FUNCTION_MASK = 0x4000;

const COMMAND_BITS =
  PciCommand.io |
  PciCommand.memory |
  PciCommand.busMaster |
  PciCommand.parityErrorResponse |
  PciCommand.systemError |
  PciCommand.interruptDisable;

/**
 * A PCI function with a type 0 header: identity, command and status, base address registers, capability list, MSI-X, INTx. What it does is in the
 * regions behind its base address registers. It knows no bus; see `PciSegment`.
 */
export class PciFunction {
  readonly config: PciConfigSpace;
  readonly bars: readonly (Bar | undefined)[];
  readonly msix: MsixVectors | undefined;
  #host: PciFunctionHost | undefined;
  #interrupt = false;
  readonly #reset: (() => void)[] = [];

  /** @throws HostError ERR_PCI_BAR, ERR_PCI_MSIX or ERR_PCI_CONFIG when the parts do not fit */
  constructor(options: PciFunctionOptions) {
    const config = new PciConfigSpace(options.configSize ?? CONFIG_SIZE);
    this.config = config;
    this.#identify(options);
    this.msix = options.msix && new MsixVectors(options.msix.vectors, (high, low, data) => this.#sendMessage(high, low, data));
    this.bars = this.#makeBars(options);
    this.#makeCapabilities(options);
    this.#makeCommand(options.onCommand);
  }

  #identify({ identity, interruptPin = 0 }: PciFunctionOptions): void {
    const { view } = this.config;
    view.setUint16(PciRegister.vendorId, identity.vendorId, true);
    view.setUint16(PciRegister.deviceId, identity.deviceId, true);
    view.setUint8(PciRegister.revisionId, identity.revisionId);
    view.setUint8(PciRegister.classCode, identity.classCode & 0xff);
    view.setUint16(PciRegister.classCode + 1, identity.classCode >>> 8, true);
    view.setUint16(PciRegister.subsystemVendorId, identity.subsystemVendorId, true);
    view.setUint16(PciRegister.subsystemId, identity.subsystemId, true);
    view.setUint8(PciRegister.interruptPin, interruptPin);
    this.#register(PciRegister.cacheLineSize, 1, 0xff);
    this.#register(PciRegister.interruptLine, 1, 0xff);
  }

  /** A register that starts as 0 and goes back to that. */
  #register(offset: number, width: AccessWidth, mask: number): void {
    this.config.allowWrites(offset, width, mask);
    this.#reset.push(() => {
      for (let i = 0; i < width; i++) this.config.view.setUint8(offset + i, 0);
    });
  }

  #makeCommand(onCommand: ((command: number) => void) | undefined): void {
    const hasIo = this.bars.some((bar) => bar?.kind === "io");
    this.#register(PciRegister.command, 2, hasIo ? COMMAND_BITS : COMMAND_BITS & ~PciCommand.io);
    this.config.watch(PciRegister.command, 2, {
      afterWrite: () => {
        this.#driveLine();
        onCommand?.(this.command);
      },
    });
  }

  #makeBars({ bars = [], msix }: PciFunctionOptions): readonly (Bar | undefined)[] {
    const made: (Bar | undefined)[] = new Array<Bar | undefined>(BAR_COUNT).fill(undefined);
    for (const [index, options] of bars.entries()) {
      if (!options) continue;
      if (made[index - 1]?.kind === "memory64") {
        throw new HostError("ERR_PCI_BAR", `base address register ${index} is the upper half of a 64-bit one`);
      }
      const bar = new Bar(index, this.msix && msix ? withVectors(index, options, msix, this.msix) : options, this.config);
      made[index] = bar;
      this.#reset.push(() => bar.reset());
    }
    for (const index of msix ? [msix.tableBar, msix.pendingBar] : []) {
      if (!made[index]) throw new HostError("ERR_PCI_MSIX", `base address register ${index} does not exist`);
    }
    return made;
  }

  #makeCapabilities({ capabilities = [], msix }: PciFunctionOptions): void {
    const { config } = this;
    const all = this.msix && msix ? [...capabilities, this.#msixCapability(msix, this.msix)] : capabilities;
    let link: number = PciRegister.capabilities;
    let at = FIRST_CAPABILITY;
    for (const { id, body, writable = new Uint8Array(0), placed } of all) {
      if (at + 2 + body.length > CONFIG_SIZE) throw new HostError("ERR_PCI_CONFIG", "the capabilities do not fit into 256 bytes");
      config.view.setUint8(link, at);
      config.view.setUint8(at, id);
      const restore = bodyReset(config, at + 2, body.slice());
      restore();
      this.#reset.push(restore);
      for (const [i, mask] of writable.entries()) config.allowWrites(at + 2 + i, 1, mask);
      placed?.(config, at);
      link = at + 1;
      at += (2 + body.length + 3) & ~3;
    }
    if (all.length > 0) config.view.setUint16(PciRegister.status, PciStatus.capabilities, true);
  }

  #msixCapability(options: MsixOptions, vectors: MsixVectors): PciCapability {
    const body = new Uint8Array(10);
    const view = new DataView(body.buffer);
    view.setUint16(0, vectors.count - 1, true);
    view.setUint32(2, options.tableOffset | options.tableBar, true);
    view.setUint32(6, options.pendingOffset | options.pendingBar, true);
    const writable = new Uint8Array(2);
    new DataView(writable.buffer).setUint16(0, MSIX_ENABLE | MSIX_FUNCTION_MASK, true);
    return {
      id: PciCapabilityId.msix,
      body,
      writable,
      placed: (config, at) => {
        config.watch(at + 2, 2, {
          afterWrite: () => {
            const control = config.view.getUint16(at + 2, true);
            vectors.control((control & MSIX_ENABLE) !== 0, (control & MSIX_FUNCTION_MASK) !== 0);
          },
        });
      },
    };
  }

  /** Connects the function to a machine, or takes it out. */
  connect(host: PciFunctionHost | undefined): void {
    this.#host = host;
    this.#driveLine();
  }

  /** The command register. */
  get command(): number {
    return this.config.view.getUint16(PciRegister.command, true);
  }

  /** Reads configuration space. */
  readConfig(offset: number, width: AccessWidth): number {
    return this.config.read(offset, width);
  }

  writeConfig(offset: number, width: AccessWidth, value: number): void {
    this.config.write(offset, width, value);
  }

  /** Reads through a base address register, whether the command register lets addresses through or not. All ones where nothing is. */
  readBar(index: number, offset: number, width: AccessWidth): number {
    const bar = this.bars[index];
    if (!bar || offset < 0 || offset + width > bar.size) return allOnes(width);
    return bar.region.read(offset, width);
  }

  writeBar(index: number, offset: number, width: AccessWidth, value: number): void {
    const bar = this.bars[index];
    if (bar && offset >= 0 && offset + width <= bar.size) bar.region.write(offset, width, value);
  }

  /** A message is a write of the function's own, so it needs to be bus master. */
  #sendMessage(addressHigh: number, addressLow: number, data: number): void {
    if ((this.command & PciCommand.busMaster) !== 0) this.#host?.msi.signal(addressHigh, addressLow, data);
  }

  /** Level of the function's own interrupt condition; shows in the status register, and on the line unless that is disabled. */
  setInterrupt(asserted: boolean): void {
    this.#interrupt = asserted;
    const { view } = this.config;
    const status = view.getUint16(PciRegister.status, true);
    view.setUint16(PciRegister.status, asserted ? status | PciStatus.interrupt : status & ~PciStatus.interrupt, true);
    this.#driveLine();
  }

  #driveLine(): void {
    this.#host?.setInterruptLine(this.#interrupt && (this.command & PciCommand.interruptDisable) === 0);
  }

  /** Conventional reset: registers as at the start. What is behind the base address registers has a reset of its own. */
  reset(): void {
    for (const restore of this.#reset) restore();
    this.msix?.reset();
    this.setInterrupt(false);
  }
}

/** Lays table and pending bits over the region of a base address register, if they are there. */
function withVectors(index: number, bar: BarOptions, msix: MsixOptions, vectors: MsixVectors): BarOptions {
  const parts: RegionPart[] = [];
  if (msix.tableBar === index) parts.push({ offset: msix.tableOffset, length: vectors.tableSize, region: vectors.table });
  if (msix.pendingBar === index) parts.push({ offset: msix.pendingOffset, length: vectors.pendingSize, region: vectors.pending });
  for (const { offset, length } of parts) {
    if (offset % 8 !== 0 || offset + length > bar.size) throw new HostError("ERR_PCI_MSIX", "the vectors do not fit where they should be");
  }
  return parts.length === 0 ? bar : { ...bar, region: new RegionMap([...parts, { offset: 0, length: bar.size, region: bar.region }]) };
}

function bodyReset(config: PciConfigSpace, at: number, initial: Uint8Array): () => void {
  return () => {
    for (const [i, byte] of initial.entries()) config.view.setUint8(at + i, byte);
  };
}
