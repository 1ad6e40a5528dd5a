import {
  type ActiveDevice,
  type ConfigLayout,
  ConfigSpace,
  type DeviceContext,
  type DeviceQueue,
  FeatureSet,
  type VirtioDevice,
} from "@zarch/virtio";
import type { DescriptorChain } from "@zarch/vring";

export interface Script {
  readonly deviceId: number;
  readonly features?: readonly number[];
  readonly layout?: ConfigLayout;
  readonly config?: Readonly<Record<string, number>>;
  readonly queues: readonly number[];
  /** Answers a buffer: writes what it wants, and returns what it says to have written; undefined keeps the buffer. */
  answer(queue: number, request: Uint8Array, chain: DescriptorChain): number | undefined;
}

/** A buffer that the device keeps. */
interface Kept {
  readonly queue: DeviceQueue;
  readonly chain: DescriptorChain;
}

/** A device that answers as a test wants it to, right or wrong. */
export class ScriptedDevice implements VirtioDevice {
  readonly deviceId: number;
  readonly features: FeatureSet;
  readonly queueMaxSizes: readonly number[];
  readonly config: ConfigSpace<ConfigLayout>;
  /** Every buffer: its queue, what could be read, and how many bytes could be written. */
  readonly requests: { readonly queue: number; readonly data: Uint8Array; readonly room: number; readonly parts: number }[] = [];
  readonly kept: Kept[] = [];
  readonly #script: Script;
  context: DeviceContext | undefined;

  constructor(script: Script) {
    this.#script = script;
    this.deviceId = script.deviceId;
    this.features = new FeatureSet(script.features ?? []);
    this.queueMaxSizes = script.queues;
    this.config = new ConfigSpace(script.layout ?? {});
    this.config.set(script.config ?? {});
  }

  activate(context: DeviceContext): ActiveDevice {
    this.context = context;
    return {
      notify: (index) => {
        const queue = context.queue(index);
        if (!queue) return;
        for (const chain of queue) this.#serve(queue, chain);
        queue.flush();
      },
      reset: () => void this.kept.splice(0),
    };
  }

  #serve(queue: DeviceQueue, chain: DescriptorChain): void {
    const data = new Uint8Array(chain.readable.remaining);
    chain.readable.readExact(data);
    this.requests.push({ queue: queue.index, data, room: chain.writable.remaining, parts: chain.descriptorCount });
    const written = this.#script.answer(queue.index, data, chain);
    if (written === undefined) this.kept.push({ queue, chain });
    else queue.push(chain, written);
  }

  /** Puts bytes into the oldest buffer of a queue that the device keeps. */
  send(index: number, bytes: Uint8Array): void {
    const place = this.kept.findIndex(({ queue }) => queue.index === index);
    const [kept] = this.kept.splice(place, place < 0 ? 0 : 1);
    if (!kept) throw new Error(`no buffer in queue ${index}`);
    kept.chain.writable.write(bytes);
    kept.queue.push(kept.chain, bytes.length);
    kept.queue.flush();
  }
}
