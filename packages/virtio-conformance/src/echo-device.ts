import { type ActiveDevice, ConfigSpace, type DeviceContext, type DeviceQueue, FeatureSet, type VirtioDevice } from "@zarch/virtio";
import type { DescriptorChain } from "@zarch/vring";
import { DEVICE_ID_ECHO } from "./exchanges/echo.ts";

/** Largest message in bytes. */
const MAX_MESSAGE = 64 * 1024;

/**
 * A device with nothing to it: writes back what it reads, over two queues. Put it behind a transport to test the transport; it is the suite's
 * own target, and an example of a device.
 */
export class EchoDevice implements VirtioDevice {
  readonly deviceId = DEVICE_ID_ECHO;
  readonly features = new FeatureSet([0, 1, 50, 70]);
  readonly legacyFeatures = new FeatureSet([0, 1]);
  readonly featureDependencies = [{ feature: 1, anyOf: [0] }];
  readonly queueReset = true;
  readonly queueMaxSizes = [1024, 64];
  /** `changes` counts calls of {@link change}; the driver may write `knob`. */
  readonly config = new ConfigSpace({
    changes: { offset: 0, width: 4 },
    large: { offset: 8, width: 8 },
    knob: { offset: 16, width: 4, writable: true },
  });
  #holding = false;
  #held: (() => void)[] = [];
  /** Settles the reset that waits for held messages. */
  #idle: (() => void)[] = [];

  constructor() {
    this.config.set({ large: 0x01_0203_0405_0607 });
  }

  /** Keeps messages from now on. */
  hold(): void {
    this.#holding = true;
  }

  /** Answers all messages kept, and those to come. */
  release(): void {
    this.#holding = false;
    for (const answer of this.#held.splice(0)) answer();
    for (const idle of this.#idle.splice(0)) idle();
  }

  /** Changes the configuration. */
  change(): void {
    this.config.set({ changes: this.config.get("changes") + 1 });
  }

  reset(): void {
    this.config.set({ knob: 0 });
  }

  activate(context: DeviceContext): ActiveDevice {
    return {
      notify: (index) => {
        const queue = context.queue(index);
        if (!queue) return;
        for (const chain of queue) {
          if (this.#holding) this.#held.push(() => this.#answer(queue, chain).flush());
          else this.#answer(queue, chain);
        }
        queue.flush();
      },
      reset: () => this.#settled(),
      resetQueue: () => this.#settled(),
    };
  }

  #answer(queue: DeviceQueue, chain: DescriptorChain): DeviceQueue {
    const { readable, writable } = chain;
    const bytes = new Uint8Array(Math.min(readable.remaining, writable.remaining, MAX_MESSAGE));
    readable.read(bytes);
    writable.write(bytes);
    queue.push(chain, writable.written);
    return queue;
  }

  #settled(): void | Promise<void> {
    if (this.#held.length === 0) return;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }
}
