import { FlatMemory } from "@zarch/guest-memory";
import { type ActiveDevice, ConfigSpace, type DeviceContext, FeatureSet, type ReadonlyFeatureSet, type VirtioDevice } from "@zarch/virtio";
import { createDriverVirtqueue, type DriverVirtqueue, legacyAreas } from "@zarch/vring";
import {
  acceptedOffset,
  DescriptorPage,
  type DescriptorPageOptions,
  HEADER,
  type PageDeviceOptions,
  type PageEntry,
  QUEUE_BLOCK,
  queueBlockOffset,
  RING_ALIGN,
  S390LegacyHypercall,
  scanPage,
} from "../src/index.ts";

/** Storage that the guest is told of: 64 KiB. The page and the rings lie above it. */
export const STORAGE = 0x1_0000;

/** Returns what it reads in reverse order. */
export class ReverseDevice implements VirtioDevice {
  readonly deviceId: number;
  readonly features: ReadonlyFeatureSet = new FeatureSet([5, 9, 23, 40]);
  readonly queueMaxSizes: readonly number[];
  readonly config = new ConfigSpace({ capacity: { offset: 0, width: 8 }, level: { offset: 8, width: 2, writable: true } });
  context: DeviceContext | undefined;
  activations = 0;
  /** Holds a reset until it settles. */
  resetGate: Promise<void> | undefined;
  closed = false;

  constructor(deviceId = 2, queueMaxSizes: readonly number[] = [256, 64]) {
    this.deviceId = deviceId;
    this.queueMaxSizes = queueMaxSizes;
    this.config.set({ capacity: 0x0102_0304, level: 7 });
  }

  activate(context: DeviceContext): ActiveDevice {
    this.context = context;
    this.activations++;
    return {
      notify: (index) => {
        const queue = context.queue(index);
        if (!queue) return;
        for (const chain of queue) {
          const bytes = new Uint8Array(Math.min(chain.readable.remaining, 4096));
          chain.readable.read(bytes);
          chain.writable.write(bytes.reverse());
          queue.push(chain, chain.writable.written);
        }
        queue.flush();
      },
      reset: () => this.resetGate,
    };
  }

  close(): void {
    this.closed = true;
  }
}

/** What Linux's driver did, step by step, from outside of a CPU. */
export class LegacyGuest {
  readonly memory: FlatMemory;
  readonly page: DescriptorPage;
  readonly early: string[] = [];
  /** How often the CPU was asked to look. */
  raised = 0;

  constructor(options: Partial<DescriptorPageOptions> = {}, memorySize = STORAGE + 0x4_0000) {
    this.memory = new FlatMemory(memorySize);
    this.page = new DescriptorPage({
      memory: this.memory,
      address: STORAGE,
      attention: {
        raise: () => {
          this.raised++;
        },
      },
      earlyConsole: (text) => this.early.push(new TextDecoder().decode(text)),
      ...options,
    });
  }

  attach(device: VirtioDevice = new ReverseDevice(), options: PageDeviceOptions = {}): PageEntry {
    const { address } = this.page.attach(device, options);
    const entry = this.entries().find((candidate) => candidate.address === address);
    if (!entry) throw new Error("the new device is not found on the page");
    return entry;
  }

  entries(): PageEntry[] {
    return scanPage(this.memory, STORAGE);
  }

  status(entry: PageEntry): number {
    return this.memory.loadUint8(entry.address + HEADER.status);
  }

  setStatus(entry: PageEntry, status: number): number | undefined {
    this.memory.storeUint8(entry.address + HEADER.status, status);
    return this.page.hypercall(S390LegacyHypercall.setStatus, entry.address);
  }

  reset(entry: PageEntry): number | undefined {
    return this.page.hypercall(S390LegacyHypercall.reset, entry.address);
  }

  /** Bytes of the accepted features. */
  accept(entry: PageEntry, features: number): void {
    this.memory.storeUint32(entry.address + acceptedOffset(entry), features, "little");
  }

  setToken(entry: PageEntry, queue: number, token: bigint): void {
    this.memory.storeBigUint64(entry.address + queueBlockOffset(queue) + QUEUE_BLOCK.token, token, "big");
  }

  ringAddress(entry: PageEntry, queue = 0): number {
    return this.memory.loadUint64(entry.address + queueBlockOffset(queue) + QUEUE_BLOCK.ring, "big");
  }

  ringSize(entry: PageEntry, queue = 0): number {
    return this.memory.loadUint16(entry.address + queueBlockOffset(queue) + QUEUE_BLOCK.size, "big");
  }

  /** The ring of a queue, used as the host made it. */
  ring(entry: PageEntry, queue = 0, eventIndex = false): DriverVirtqueue<number> {
    const size = this.ringSize(entry, queue);
    const areas = legacyAreas(this.ringAddress(entry, queue), size, RING_ALIGN);
    return createDriverVirtqueue<number>(this.memory, { size, areas, endian: "big", eventIndex });
  }

  notify(entry: PageEntry, queue = 0): number | undefined {
    return this.page.hypercall(S390LegacyHypercall.notify, this.ringAddress(entry, queue));
  }

  /** Through driver initialization as Linux does it, up to status 3 with tokens 0x1000, 0x1001, ... */
  probe(entry: PageEntry, features = 0): void {
    this.reset(entry);
    this.setStatus(entry, 1);
    this.setStatus(entry, 3);
    this.accept(entry, features);
    for (let queue = 0; queue < entry.queueCount; queue++) this.setToken(entry, queue, 0x1000n + BigInt(queue));
  }

  /** Makes "abc" available with room for three bytes. */
  offer(ring: DriverVirtqueue<number>, token = 0): void {
    const address = 0x1000 + 16 * token;
    this.memory.write(address, new TextEncoder().encode("abc...."));
    ring.add([{ address, length: 3 }], [{ address: address + 3, length: 3 }], token);
    ring.kickPrepare();
  }

  answer(token = 0): string {
    return new TextDecoder().decode(this.memory.view(0x1000 + 16 * token + 3, 3));
  }

  /** Everything that is pending, as parameter and token. */
  interruptions(): [number, bigint][] {
    const taken: [number, bigint][] = [];
    while (this.page.pendingExternalInterruption() !== 0) {
      const interruption = this.page.takeExternalInterruption();
      if (!interruption) throw new Error("pending, and then there is none");
      const { parameter, parameter64 } = interruption;
      taken.push([parameter, (BigInt(parameter64?.high ?? 0) << 32n) | BigInt(parameter64?.low ?? 0)]);
    }
    return taken;
  }
}
