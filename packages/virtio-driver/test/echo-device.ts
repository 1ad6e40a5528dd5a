import type { ActiveDevice, DeviceConfig, DeviceContext, FeatureDependency, ReadonlyFeatureSet, VirtioDevice } from "@zarch/virtio";
import { ConfigSpace, FeatureSet } from "@zarch/virtio";

export const F_A = 0;
export const F_B = 1;
export const F_C = 2;
export const F_HIGH = 70;

/** Answers every buffer with what it holds, at once or when told to. */
export class EchoDevice implements VirtioDevice {
  /** 9P: a type that every transport can express, the descriptor page in one byte and transitional PCI in its table. */
  readonly deviceId = 9;
  features: ReadonlyFeatureSet = new FeatureSet([F_A, F_B, F_HIGH]);
  legacyFeatures?: ReadonlyFeatureSet;
  featureDependencies: readonly FeatureDependency[] = [{ feature: F_B, anyOf: [F_A, F_C] }];
  queueReset = true;
  queueMaxSizes: readonly number[] = [8, 4, 0];
  config: DeviceConfig = new ConfigSpace({
    small: { offset: 0, width: 2 },
    large: { offset: 8, width: 8 },
    knob: { offset: 16, width: 4, writable: true },
  });

  /** Keeps buffers until {@link release}. */
  hold = false;
  held: (() => void)[] = [];
  /** What the reset of the active device waits for. */
  resetGate: Promise<void> | undefined;
  readonly events: string[] = [];
  context: DeviceContext | undefined;
  refuses: ((features: ReadonlyFeatureSet) => boolean) | undefined;
  failActivation = false;

  acceptFeatures(features: ReadonlyFeatureSet): boolean {
    return !(this.refuses?.(features) ?? false);
  }

  negotiated(features: ReadonlyFeatureSet): void {
    this.events.push(`negotiated ${[...features]}`);
  }

  reset(): void {
    this.events.push("reset");
  }

  release(): void {
    for (const action of this.held.splice(0)) action();
  }

  activate(context: DeviceContext): ActiveDevice {
    if (this.failActivation) throw new Error("no backend");
    this.context = context;
    this.events.push("activate");
    return {
      notify: (index) => {
        this.events.push(`notify ${index}`);
        const queue = context.queue(index);
        if (!queue) return;
        for (const chain of queue) {
          const bytes = new Uint8Array(chain.readable.remaining);
          chain.readable.readExact(bytes);
          const answer = (): void => {
            chain.writable.write(bytes);
            queue.push(chain, chain.writable.written);
          };
          if (this.hold) {
            this.held.push(() => {
              answer();
              queue.flush();
            });
          } else answer();
        }
        queue.flush();
      },
      reset: () => {
        this.events.push("active reset");
        return this.resetGate;
      },
      resetQueue: (index) => {
        this.events.push(`reset queue ${index}`);
        return this.resetGate;
      },
    };
  }
}
