import type { GuestMemory } from "@zarch/guest-memory";
import type { VirtioDevice } from "@zarch/virtio";
import { type AttentionPort, type ExternalInterruption, type ExternalInterruptionPort, HostError, type Logger } from "@zarch/vmm-interface";
import { entrySize, PAGE_SIZE } from "./entry-layout.ts";
import { InterruptionParameter, S390LegacyHypercall } from "./hypercalls.ts";
import { InterruptionList } from "./interruption-list.ts";
import { PageDevice, type PageDeviceOptions, shapeOf } from "./page-device.ts";
import { RingSpace } from "./ring-space.ts";

export interface DescriptorPageOptions {
  /** The guest's storage together with the page and what follows it. All memory behind the page is for rings. */
  readonly memory: GuestMemory;
  /** Address of the page: the end of the storage that the guest is told of, standby storage included. A multiple of 4096. */
  readonly address: number;
  readonly attention: AttentionPort;
  /** Receives early console output: at most 16 bytes at a time, in the guest's ASCII. */
  readonly earlyConsole?: (text: Uint8Array) => void;
  readonly logger?: Logger;
}

/** Longest text of one early console call, in bytes. */
const EARLY_TEXT = 16;

/** Results of hypercalls in general register 2: 0, or a negative error number as Linux has it. */
const OK = 0;
const EINVAL = -22;

/**
 * The virtio bus of Linux guests on KVM for s390 from 2008 to 2015 (kvm_virtio): one page right above the guest's storage describes all
 * devices, rings lie above it, and three hypercalls and one external interruption do the rest. Virtio 0.9, big-endian. There is no way to
 * take a device out.
 */
export class DescriptorPage implements ExternalInterruptionPort {
  readonly address: number;
  readonly #memory: GuestMemory;
  readonly #attention: AttentionPort;
  readonly #earlyConsole: ((text: Uint8Array) => void) | undefined;
  readonly #logger: Logger | undefined;
  readonly #rings: RingSpace;
  readonly #interruptions: InterruptionList;
  readonly #devices: PageDevice[] = [];
  readonly #added = { parameter: InterruptionParameter.deviceAdded, tokens: [] };
  /** Bytes of the page in use. */
  #used = 0;
  /** A guest has made a hypercall since the last reset: new devices have to be announced. */
  #known = false;

  /** @throws HostError ERR_S390_LEGACY_PAGE if there is no room for the page */
  constructor({ memory, address, attention, earlyConsole, logger }: DescriptorPageOptions) {
    if (address % PAGE_SIZE !== 0 || !memory.contains(address, PAGE_SIZE)) {
      throw new HostError("ERR_S390_LEGACY_PAGE", `no room for a descriptor page at 0x${address.toString(16)}`);
    }
    this.address = address;
    this.#memory = memory;
    this.#attention = attention;
    this.#earlyConsole = earlyConsole;
    this.#logger = logger;
    this.#rings = new RingSpace(address + PAGE_SIZE, memory.size);
    this.#interruptions = new InterruptionList(memory);
    memory.fill(address, PAGE_SIZE, 0);
  }

  get devices(): readonly PageDevice[] {
    return this.#devices;
  }

  /**
   * Puts a device on the page. A guest that runs already is told of it.
   * @throws HostError ERR_S390_LEGACY_DEVICE, ERR_S390_LEGACY_PAGE_FULL or ERR_S390_LEGACY_RING_SPACE, with nothing changed
   */
  attach(device: VirtioDevice, options: PageDeviceOptions = {}): PageDevice {
    const size = entrySize(shapeOf(device));
    if (this.#used + size > PAGE_SIZE) {
      const room = PAGE_SIZE - this.#used;
      throw new HostError("ERR_S390_LEGACY_PAGE_FULL", `the descriptor page has ${room} bytes left, and the device needs ${size}`);
    }
    const position = this.#rings.position;
    let added: PageDevice;
    try {
      added = new PageDevice(
        device,
        this.address + this.#used,
        { memory: this.#memory, rings: this.#rings, interruptions: this.#interruptions, raise: () => this.#attention.raise() },
        { ...(this.#logger && { logger: this.#logger }), ...options },
      );
    } catch (error) {
      this.#rings.rewind(position);
      throw error;
    }
    this.#devices.push(added);
    this.#used += size;
    added.publish();
    if (this.#known) {
      this.#interruptions.add(this.#added);
      this.#attention.raise();
    }
    return added;
  }

  /**
   * A hypercall of this transport.
   * @param number general register 1
   * @param argument general register 2; at or above 2^53 it may be inexact
   * @returns what goes into general register 2, signed; undefined if the number is none of this transport's
   */
  hypercall(number: number, argument: number): number | undefined {
    switch (number) {
      case S390LegacyHypercall.notify:
        return this.#notify(argument);
      case S390LegacyHypercall.reset:
        return this.#forDevice(argument, (device) => device.reset());
      case S390LegacyHypercall.setStatus:
        return this.#forDevice(argument, (device) => device.setStatus());
      default:
        return undefined;
    }
  }

  #forDevice(address: number, action: (device: PageDevice) => void): number {
    this.#known = true;
    const device = this.#devices.find((candidate) => candidate.address === address);
    if (device === undefined) return EINVAL;
    action(device);
    return OK;
  }

  #notify(address: number): number {
    // Rings are above the page, texts below it: that is how the two are told apart.
    if (address < this.address) return this.#earlyWrite(address);
    this.#known = true;
    for (const device of this.#devices) {
      const queue = device.queueAt(address);
      if (queue < 0) continue;
      device.notify(queue);
      return OK;
    }
    return EINVAL;
  }

  #earlyWrite(address: number): number {
    const text = new Uint8Array(Math.min(EARLY_TEXT, this.address - address));
    this.#memory.read(address, text);
    const end = text.indexOf(0);
    this.#earlyConsole?.(end < 0 ? text : text.subarray(0, end));
    return OK;
  }

  pendingExternalInterruption(): number {
    return this.#interruptions.pendingExternalInterruption();
  }

  takeExternalInterruption(): ExternalInterruption | undefined {
    return this.#interruptions.takeExternalInterruption();
  }

  /** Machine reset: every device is reset and the page is written anew, whatever is left of it. */
  reset(): void {
    this.#known = false;
    this.#interruptions.clear();
    this.#memory.fill(this.address, PAGE_SIZE, 0);
    for (const device of this.#devices) device.restart();
  }

  /** Ends all devices. Settles when no I/O is in flight. */
  async close(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.close()));
  }
}
