import type { DeviceContext, DeviceQueue, VirtioDevice } from "../../../packages/virtio/src/index.ts";
import { F_IN_ORDER, F_INDIRECT_DESC, F_RING_PACKED, type QueueSetup } from "../../../packages/virtio/src/index.ts";
import type { DescriptorChain } from "../../../packages/vring/src/index.ts";
import type { FuzzMemory } from "./fuzz-memory.ts";
import { RingModel } from "./ring-model.ts";

/** Watches what a device does with its queues: a model follows each of them, and says where the device may write. */
export class QueueObserver {
  readonly #memory: FuzzMemory;
  /** How the driver set a queue up. Queues that it does not know are not watched. */
  readonly #setupOf: (index: number) => QueueSetup | undefined;
  #models = new Map<number, RingModel>();
  readonly #wrapped = new WeakMap<DeviceQueue, DeviceQueue>();
  /** Set when a device goes on with a saved state: nobody knows what is in work. Until the next reset it may write anywhere. */
  blind = false;

  constructor(memory: FuzzMemory, setupOf: (index: number) => QueueSetup | undefined) {
    this.#memory = memory;
    this.#setupOf = setupOf;
  }

  /** Whether the device may write there now. */
  mayWrite(address: number, length: number): boolean {
    if (this.blind) return true;
    for (const model of this.#models.values()) if (model.mayWrite(address, length)) return true;
    return false;
  }

  /** The device was reset: nothing is its own any more. */
  forgetAll(): void {
    this.#models = new Map();
    this.blind = false;
  }

  /** Service goes on after a pause, and publishes what is staged. */
  resumed(): void {
    for (const model of this.#models.values()) model.published();
  }

  forget(index: number): void {
    this.#models.delete(index);
  }

  /** The device, with queues that tell this observer. */
  observe(device: VirtioDevice): VirtioDevice {
    return overlay(device, {
      activate: (context: DeviceContext) =>
        device.activate(
          overlay(context, {
            queue: (index: number) => {
              const queue = context.queue(index);
              return queue && this.#wrap(queue, context);
            },
          }),
        ),
    });
  }

  #wrap(queue: DeviceQueue, { features, endian }: DeviceContext): DeviceQueue {
    const known = this.#wrapped.get(queue);
    if (known) return known;
    const setup = this.#setupOf(queue.index);
    if (!setup || this.blind) return queue;
    const { size, areas } = setup;
    const model = new RingModel(this.#memory, {
      format: features.has(F_RING_PACKED) ? "packed" : "split",
      size,
      areas,
      endian,
      indirect: features.has(F_INDIRECT_DESC),
      inOrder: features.has(F_IN_ORDER),
      maxChainLength: Math.max(size, 1024),
    });
    this.#models.set(queue.index, model);
    const wrapped = overlay(queue, {
      pop: () => this.#pop(queue, model),
      push: (chain: DescriptorChain, written: number) => {
        queue.push(chain, written);
        model.pushed(chain.id);
      },
      flush: () => {
        observed(model, () => queue.flush());
        model.flushed();
      },
      hasAvailable: () => observed(model, () => queue.hasAvailable()),
      enableNotifications: () => observed(model, () => queue.enableNotifications()),
      [Symbol.iterator]: function* (this: DeviceQueue) {
        for (let chain = this.pop(); chain; chain = this.pop()) yield chain;
      },
    });
    this.#wrapped.set(queue, wrapped);
    return wrapped;
  }

  #pop(queue: DeviceQueue, model: RingModel): DescriptorChain | undefined {
    const chain = observed(model, () => queue.pop());
    if (!chain) return undefined;
    this.#memory.noting(() => model.popped(chain));
    return chain;
  }
}

/** A call in which the device may read the ring. */
function observed<T>(model: RingModel, call: () => T): T {
  model.beforeCall();
  const result = call();
  model.observeIndex();
  return result;
}

/** `target` with some properties replaced; methods are called on the object that they belong to. */
function overlay<T extends object>(target: T, own: { [K in keyof T]?: unknown }): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return own[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (_, name, value) => Reflect.set(target, name, value, target),
  });
}
