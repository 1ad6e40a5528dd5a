import type { GuestMemory } from "@zarch/guest-memory";
import { STATUS_DRIVER_OK, type VirtioDevice, VirtioFrontend } from "@zarch/virtio";
import { HostError, type Logger } from "@zarch/vmm-interface";
import { legacyRingSize } from "@zarch/vring";
import {
  acceptedOffset,
  configOffset,
  type EntryShape,
  entrySize,
  HEADER,
  MAX_COUNT,
  offeredOffset,
  QUEUE_BLOCK,
  queueBlockOffset,
  RING_ALIGN,
} from "./entry-layout.ts";
import { InterruptionParameter } from "./hypercalls.ts";
import type { InterruptionList, InterruptionReason } from "./interruption-list.ts";
import type { RingSpace } from "./ring-space.ts";

/** Bytes of one half of the feature area: the 32 bits that a legacy driver knows. */
const FEATURE_LENGTH = 4;

export interface PageDeviceOptions {
  /** Most entries of a ring, a power of two. Default 128, which firmware also takes; a device may have smaller queues. */
  readonly ringSize?: number;
  /** Feature bits (below 32) not to offer. */
  readonly withoutFeatures?: Iterable<number>;
  readonly logger?: Logger;
}

/** What a device on the page has around it. */
export interface PageDeviceHost {
  readonly memory: GuestMemory;
  readonly rings: RingSpace;
  readonly interruptions: InterruptionList;
  /** There is something new in {@link interruptions}. */
  raise(): void;
}

/**
 * How the entry of a device is laid out.
 * @throws HostError ERR_S390_LEGACY_DEVICE if a number does not fit into its byte
 */
export function shapeOf(device: VirtioDevice): EntryShape {
  const shape = { queueCount: device.queueMaxSizes.length, featureLength: FEATURE_LENGTH, configLength: device.config.size };
  if (device.deviceId > MAX_COUNT || shape.queueCount > MAX_COUNT || shape.configLength > MAX_COUNT) {
    throw new HostError("ERR_S390_LEGACY_DEVICE", "an entry holds types up to 255, at most 255 queues, and 255 bytes of configuration");
  }
  return shape;
}

interface Ring {
  readonly address: number;
  /** Number of entries. */
  readonly size: number;
  readonly reason: InterruptionReason;
}

/**
 * A virtio device on the descriptor page. The guest owns its tokens, its accepted features, its status byte and what it writes into the
 * configuration; nothing else is ever read back from the page, so that a guest that overwrites it hurts nobody but itself.
 */
export class PageDevice {
  /** Guest address of the entry. */
  readonly address: number;
  readonly shape: EntryShape;
  readonly frontend: VirtioFrontend;
  readonly #device: VirtioDevice;
  readonly #host: PageDeviceHost;
  readonly #rings: readonly Ring[];
  readonly #configReason: InterruptionReason;
  readonly #stopListening: () => void;
  /** The configuration as the host last saw it on the page: what differs from it was written by the guest. */
  #config: Uint8Array;
  /** Room for what is on the page now. */
  readonly #onPage: Uint8Array;
  /** A configuration change that waits for DRIVER_OK. */
  #configChangeHeld = false;
  /** The guest is past its status write of DRIVER_OK. */
  #driverOk = false;
  /** Rings that were notified while a reset was under way. */
  readonly #late = new Set<number>();
  #lateStatus = false;
  #closed = false;

  /** @throws HostError ERR_S390_LEGACY_DEVICE, or ERR_S390_LEGACY_RING_SPACE if the rings find no room */
  constructor(device: VirtioDevice, address: number, host: PageDeviceHost, options: PageDeviceOptions = {}) {
    const { ringSize = 128 } = options;
    this.#device = device;
    this.#host = host;
    this.address = address;
    this.shape = shapeOf(device);
    this.frontend = new VirtioFrontend(device, {
      memory: host.memory,
      interrupts: { queueInterrupt: (queue) => this.#queueInterrupt(queue), configInterrupt: () => this.#configInterrupt() },
      personality: "legacy",
      legacyEndian: "big",
      ...(options.withoutFeatures && { withoutFeatures: options.withoutFeatures }),
      ...(options.logger && { logger: options.logger }),
    });
    this.#rings = device.queueMaxSizes.map((max, queue): Ring => {
      const size = Math.min(max, ringSize);
      return {
        address: size === 0 ? 0 : host.rings.take(legacyRingSize(size, RING_ALIGN)),
        size,
        reason: { parameter: InterruptionParameter.queue, tokens: [this.#tokenAddress(queue)] },
      };
    });
    this.#configReason = {
      parameter: InterruptionParameter.configuration,
      tokens: this.#rings.map((_, queue) => this.#tokenAddress(queue)),
    };
    this.#config = new Uint8Array(this.shape.configLength);
    this.#onPage = new Uint8Array(this.shape.configLength);
    this.#stopListening = device.config.onChange(() => this.#publishConfig());
  }

  /** Bytes of the entry. */
  get size(): number {
    return entrySize(this.shape);
  }

  #tokenAddress(queue: number): number {
    return this.address + queueBlockOffset(queue) + QUEUE_BLOCK.token;
  }

  /** Writes the entry as it is before any driver was there. The type byte comes last: until then the scan ends before this entry. */
  publish(): void {
    const { memory } = this.#host;
    const { address, shape } = this;
    memory.fill(address, this.size, 0);
    memory.storeUint8(address + HEADER.queueCount, shape.queueCount);
    memory.storeUint8(address + HEADER.featureLength, shape.featureLength);
    memory.storeUint8(address + HEADER.configLength, shape.configLength);
    for (const [queue, ring] of this.#rings.entries()) {
      const block = address + queueBlockOffset(queue);
      memory.storeUint64(block + QUEUE_BLOCK.ring, ring.address, "big");
      memory.storeUint16(block + QUEUE_BLOCK.size, ring.size, "big");
    }
    // Feature bit n is bit n % 8 of byte n / 8: the bits of the word in little-endian order.
    memory.storeUint32(address + offeredOffset(shape), this.frontend.deviceFeatures(0), "little");
    // Nothing on a new entry was written by the guest.
    this.#config.fill(0);
    this.#publishConfig();
    this.#clearRings();
    this.#setUpQueues();
    memory.storeUint8(address + HEADER.type, this.frontend.deviceId);
  }

  /** Drivers take rings as they are: they have to be all zero. */
  #clearRings(): void {
    for (const { address, size } of this.#rings) {
      if (size !== 0) this.#host.memory.fill(address, legacyRingSize(size, RING_ALIGN), 0);
    }
  }

  #setUpQueues(): void {
    for (const [queue, { address, size }] of this.#rings.entries()) {
      if (size !== 0) this.frontend.setUpLegacyQueue(queue, { address, size, align: RING_ALIGN });
    }
  }

  // ---- configuration ----

  #publishConfig(): void {
    this.#takeConfigWrites();
    this.frontend.readConfig(0, this.#config);
    this.#host.memory.write(this.address + configOffset(this.shape), this.#config);
  }

  /** Whether the configuration on the page is not what the host last saw there. For every notification, so without an allocation. */
  #configTouched(): boolean {
    const config = this.#config;
    const onPage = this.#onPage;
    this.#host.memory.read(this.address + configOffset(this.shape), onPage);
    for (let i = 0; i < onPage.length; i++) if (onPage[i] !== config[i]) return true;
    return false;
  }

  /** Hands to the device what the guest wrote into its configuration, which it does without saying so. */
  #takeConfigWrites(): void {
    const before = this.#config;
    const now = new Uint8Array(before.length);
    this.#host.memory.read(this.address + configOffset(this.shape), now);
    this.#config = now;
    for (let from = 0; from < now.length; from++) {
      if (now[from] === before[from]) continue;
      let to = from + 1;
      while (to < now.length && now[to] !== before[to]) to++;
      this.frontend.writeConfig(from, now.subarray(from, to));
      from = to;
    }
  }

  #configInterrupt(): void {
    if (this.#driverOk) this.#raise(this.#configReason);
    else this.#configChangeHeld = true;
  }

  // ---- interruptions ----

  #queueInterrupt(queue: number): void {
    const ring = this.#rings[queue];
    if (ring) this.#raise(ring.reason);
  }

  #raise(reason: InterruptionReason): void {
    this.#host.interruptions.add(reason);
    this.#host.raise();
  }

  #dropInterruptions(): void {
    for (const { reason } of this.#rings) this.#host.interruptions.remove(reason);
    this.#host.interruptions.remove(this.#configReason);
    this.#configChangeHeld = false;
  }

  // ---- hypercalls ----

  /** The queue whose ring is at `address`, or -1. */
  queueAt(address: number): number {
    return this.#rings.findIndex((ring) => ring.size !== 0 && ring.address === address);
  }

  /** The status byte, which is the guest's. */
  get #status(): number {
    return this.#host.memory.loadUint8(this.address + HEADER.status);
  }

  /** NOTIFY. Also starts service: drivers use queues before they write DRIVER_OK. Until there is any status, there is no driver. */
  notify(queue: number): void {
    if (this.frontend.resetting) {
      this.#late.add(queue);
      return;
    }
    if (this.#status === 0) return;
    this.#synchronise();
    this.frontend.notify(queue);
  }

  /** SET_STATUS: the guest has written its status byte. */
  setStatus(): void {
    if (this.frontend.resetting) {
      this.#lateStatus = true;
      return;
    }
    this.#synchronise();
    const status = this.#status;
    this.#driverOk = (status & STATUS_DRIVER_OK) !== 0;
    // A status of 0 would be a reset, which has a hypercall of its own.
    if (status !== 0) this.frontend.writeStatus(status);
    if (this.#driverOk && this.#configChangeHeld) {
      this.#configChangeHeld = false;
      this.#raise(this.#configReason);
    }
  }

  /** Accepted features and configuration come without a hypercall, so every hypercall looks for them. */
  #synchronise(): void {
    this.frontend.setDriverFeatures(0, this.#host.memory.loadUint32(this.address + acceptedOffset(this.shape), "little"));
    if (this.#configTouched()) this.#publishConfig();
  }

  /**
   * RESET. The entry and the rings are as new when this returns. If the device has I/O in flight, what the guest does next takes effect
   * when that is over; the device touches no guest memory in the meantime.
   */
  reset(): void {
    const { memory } = this.#host;
    const pending = this.frontend.reset();
    this.#late.clear();
    this.#lateStatus = false;
    this.#driverOk = false;
    this.#dropInterruptions();
    memory.storeUint8(this.address + HEADER.status, 0);
    memory.fill(this.address + acceptedOffset(this.shape), FEATURE_LENGTH, 0);
    // Tokens are of the time before: a driver writes new ones when it sets up its queues.
    for (let queue = 0; queue < this.shape.queueCount; queue++) memory.fill(this.#tokenAddress(queue), 8, 0);
    this.#clearRings();
    if (pending === undefined) this.#resetDone();
    else void pending.then(() => this.#resetDone());
  }

  /** Machine reset: storage may have been cleared or not. What is on the page is nobody's wish any more. */
  restart(): void {
    this.#host.memory.read(this.address + configOffset(this.shape), this.#config);
    this.reset();
    this.publish();
  }

  #resetDone(): void {
    // Another one may have begun, and then ends with a call of its own.
    if (this.frontend.resetting || this.#closed) return;
    this.#setUpQueues();
    this.#publishConfig();
    const status = this.#lateStatus;
    const queues = [...this.#late];
    this.#lateStatus = false;
    this.#late.clear();
    if (status) this.setStatus();
    for (const queue of queues) this.notify(queue);
  }

  /** Takes the device out of its machine for good: the machine ends. Settles when no I/O is in flight. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#dropInterruptions();
    await this.frontend.reset();
    this.#device.close?.();
  }
}
