import { type ActiveDevice, type DeviceContext, emptyConfig, FeatureSet, type VirtioDevice } from "@zarch/virtio";
import { entropy } from "@zarch/virtio/device-types";
import type { EntropySource } from "@zarch/vmm-interface";

export interface RngDeviceOptions {
  readonly source: EntropySource;
  /**
   * Most bytes given for one buffer: whatever length a driver names, no more is generated or held in memory. At least 1. Default 65536.
   */
  readonly maxBytesPerBuffer?: number;
}

/** Bytes that are generated at a time. */
const CHUNK = 4096;

/**
 * A virtio entropy device (virtio 5.4): fills every buffer of its one queue with random bytes, at once.
 * It has no features and no configuration space of its own.
 */
export class RngDevice implements VirtioDevice {
  readonly deviceId = entropy.ID;
  readonly features = new FeatureSet();
  readonly queueMaxSizes = [256];
  readonly config = emptyConfig();
  readonly #source: EntropySource;
  readonly #limit: number;

  constructor(options: RngDeviceOptions) {
    this.#source = options.source;
    this.#limit = Math.max(1, Math.floor(options.maxBytesPerBuffer ?? 65536));
  }

  activate(context: DeviceContext): ActiveDevice {
    const chunk = new Uint8Array(CHUNK);
    return {
      notify: (index) => {
        const queue = context.queue(index);
        if (!queue) return;
        // Device-readable parts, which a driver is not to use here (5.4.6.1), mean nothing and are not looked at.
        for (const chain of queue) {
          const { writable } = chain;
          let left = Math.min(writable.remaining, this.#limit);
          while (left > 0) {
            const part = left < CHUNK ? chunk.subarray(0, left) : chunk;
            this.#source.fill(part);
            writable.write(part);
            left -= part.length;
          }
          queue.push(chain, writable.written);
        }
        queue.flush();
      },
      reset: () => void chunk.fill(0),
    };
  }
}
