import { type ActiveDevice, ConfigSpace, type DeviceContext, FeatureSet, type ReadonlyFeatureSet, type VirtioDevice } from "@zarch/virtio";

/** Answers every buffer with the same bytes in reverse, at once or when told to. */
export class ReverseDevice implements VirtioDevice {
  readonly deviceId: number = 42;
  /** 70 is beyond what drivers of today look at. */
  readonly features: ReadonlyFeatureSet = new FeatureSet([5, 23, 70]);
  readonly queueMaxSizes: readonly number[] = [8, 16, 0];
  readonly queueReset: boolean = true;
  readonly config = new ConfigSpace({
    capacity: { offset: 0, width: 8 },
    level: { offset: 8, width: 2, writable: true },
    mode: { offset: 10, width: 1, writable: true },
    knob: { offset: 12, width: 4, writable: true },
  });
  context: DeviceContext | undefined;
  readonly events: string[] = [];
  /** What the resets of the device and of its queues wait for. */
  resetGate: Promise<void> | undefined;
  /** Keeps buffers until {@link release}. */
  hold = false;
  readonly #held: (() => void)[] = [];

  constructor() {
    this.config.set({ capacity: 0x0102_0304_0506, level: 0x0708, mode: 9, knob: 0x0a0b_0c0d });
  }

  release(): void {
    for (const finish of this.#held.splice(0)) finish();
  }

  reset(): void {
    this.config.set({ level: 0x0708, mode: 9, knob: 0x0a0b_0c0d });
  }

  activate(context: DeviceContext): ActiveDevice {
    this.context = context;
    this.events.push("activate");
    return {
      notify: (index) => this.#serve(context, index),
      reset: () => {
        this.events.push("reset");
        return this.resetGate;
      },
      resetQueue: (index) => {
        this.events.push(`reset queue ${index}`);
        return this.resetGate;
      },
    };
  }

  #serve(context: DeviceContext, index: number): void {
    this.events.push(`notify ${index}`);
    const queue = context.queue(index);
    if (!queue) return;
    for (const chain of queue) {
      const bytes = new Uint8Array(Math.min(chain.readable.remaining, 64));
      chain.readable.read(bytes);
      const finish = (): void => {
        chain.writable.write(bytes.reverse());
        queue.push(chain, chain.writable.written);
      };
      if (!this.hold) finish();
      else
        this.#held.push(() => {
          finish();
          queue.flush();
        });
    }
    queue.flush();
  }
}
