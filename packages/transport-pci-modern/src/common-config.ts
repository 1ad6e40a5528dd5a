import type { VirtioFrontend } from "@zarch/virtio";
import { COMMON_CONFIG_SIZE, CommonConfig as Offset } from "./constants.ts";
import type { EventVectors } from "./event-vectors.ts";
import type { QueueRegisters } from "./queue-registers.ts";
import { type Register, RegisterFile } from "./register-file.ts";

export interface CommonConfigParts {
  readonly frontend: VirtioFrontend;
  readonly queues: QueueRegisters;
  readonly vectors: EventVectors;
  /** The driver uses this interface from now on, unless it already uses the other one. */
  useModern(): void;
  /** Resets the device. */
  reset(): void;
}

/** The common configuration structure (virtio 4.1.4.3). */
export class CommonConfiguration extends RegisterFile {
  #selectors: { deviceFeatures: number; driverFeatures: number; queue: number };

  constructor(parts: CommonConfigParts) {
    const selectors = { deviceFeatures: 0, driverFeatures: 0, queue: 0 };
    super(COMMON_CONFIG_SIZE, registers(parts, selectors));
    this.#selectors = selectors;
  }

  reset(): void {
    Object.assign(this.#selectors, { deviceFeatures: 0, driverFeatures: 0, queue: 0 });
  }
}

function registers(parts: CommonConfigParts, selected: { deviceFeatures: number; driverFeatures: number; queue: number }): Register[] {
  const { frontend, queues, vectors } = parts;
  const addressWord = (offset: number, word: number): Register => ({
    offset,
    width: 4,
    read: () => queues.address(selected.queue, word),
    write: (value) => queues.setAddress(selected.queue, word, value),
  });
  return [
    {
      offset: Offset.deviceFeatureSelect,
      width: 4,
      read: () => selected.deviceFeatures,
      write: (value) => {
        selected.deviceFeatures = value;
      },
    },
    {
      offset: Offset.deviceFeature,
      width: 4,
      read: () => {
        parts.useModern();
        return frontend.deviceFeatures(selected.deviceFeatures);
      },
    },
    {
      offset: Offset.driverFeatureSelect,
      width: 4,
      read: () => selected.driverFeatures,
      write: (value) => {
        selected.driverFeatures = value;
      },
    },
    {
      offset: Offset.driverFeature,
      width: 4,
      read: () => frontend.driverFeatures(selected.driverFeatures),
      write: (value) => void frontend.setDriverFeatures(selected.driverFeatures, value),
    },
    {
      offset: Offset.configMsixVector,
      width: 2,
      read: () => vectors.configVector,
      write: (value) => {
        vectors.configVector = value;
      },
    },
    { offset: Offset.queueCount, width: 2, read: () => frontend.queueCount },
    {
      offset: Offset.deviceStatus,
      width: 1,
      read: () => frontend.status,
      write: (value) => {
        parts.useModern();
        if (value === 0) parts.reset();
        else frontend.writeStatus(value);
      },
    },
    { offset: Offset.configGeneration, width: 1, read: () => frontend.configGeneration & 0xff },
    {
      offset: Offset.queueSelect,
      width: 2,
      read: () => selected.queue,
      write: (value) => {
        selected.queue = value;
      },
    },
    {
      offset: Offset.queueSize,
      width: 2,
      read: () => queues.size(selected.queue),
      write: (value) => queues.setSize(selected.queue, value),
    },
    {
      offset: Offset.queueMsixVector,
      width: 2,
      read: () => vectors.queueVector(selected.queue),
      write: (value) => vectors.setQueueVector(selected.queue, value),
    },
    {
      offset: Offset.queueEnable,
      width: 2,
      read: () => (queues.enabled(selected.queue) ? 1 : 0),
      write: (value) => queues.enable(selected.queue, value),
    },
    { offset: Offset.queueNotifyOffset, width: 2, read: () => (selected.queue < frontend.queueCount ? selected.queue : 0) },
    addressWord(Offset.queueDescriptorLow, 0),
    addressWord(Offset.queueDescriptorHigh, 1),
    addressWord(Offset.queueDriverLow, 2),
    addressWord(Offset.queueDriverHigh, 3),
    addressWord(Offset.queueDeviceLow, 4),
    addressWord(Offset.queueDeviceHigh, 5),
    // NOTIF_CONFIG_DATA is never offered: the queue index is what drivers notify with.
    { offset: Offset.queueNotifyConfigData, width: 2, read: () => (selected.queue < frontend.queueCount ? selected.queue : 0) },
    {
      offset: Offset.queueReset,
      width: 2,
      read: () => (queues.resetting(selected.queue) ? 1 : 0),
      write: (value) => queues.resetQueue(selected.queue, value),
    },
    // There are no administration virtqueues: none, behind all others.
    { offset: Offset.adminQueueIndex, width: 2, read: () => frontend.queueCount },
    { offset: Offset.adminQueueCount, width: 2, read: () => 0 },
  ];
}
