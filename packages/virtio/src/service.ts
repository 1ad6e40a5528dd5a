import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { Logger } from "@zarch/vmm-interface";
import type { DeviceVirtqueueState } from "@zarch/vring";
import type { ActiveDevice, DeviceContext, DeviceQueue, TransportInterrupts, VirtioDevice } from "./device.ts";
import type { ReadonlyFeatureSet } from "./features.ts";
import type { Admission, LiveQueueHost } from "./live-queue.ts";
import { Pause } from "./pause.ts";
import type { QueueTable } from "./queue-table.ts";

/** What was agreed on before service began. */
export interface ServiceTerms {
  readonly features: ReadonlyFeatureSet;
  readonly legacy: boolean;
  readonly endian: Endian;
}

/** What service needs around it. */
export interface ServiceHost {
  readonly memory: GuestMemory;
  readonly interrupts: TransportInterrupts;
  readonly logger: Logger;
  /** SUSPEND was asked for: buffers in work are finished, others are not begun. */
  readonly suspending: boolean;
  /** Used buffers were published. */
  flushed(): void;
  /** The device, or the driver's rings, broke. Called once in a life. */
  failed(reason: unknown): void;
  /** The device did something wrong while it was stopped. */
  stopFailed(error: unknown): void;
}

/** A device in service, from DRIVER_OK to its reset or failure: its active part, its live queues, and who may do what when. */
export class Service {
  readonly pause = new Pause();
  readonly #device: VirtioDevice;
  readonly #queues: QueueTable;
  readonly #host: ServiceHost;
  #active: ActiveDevice | undefined;
  /** Cleared at the end of an activation: what an old context does has no effect. */
  #life: { live: boolean } = { live: false };
  #broken = false;
  #notifying = false;
  readonly #renotify = new Set<number>();
  /** Resets of single queues under way. */
  #queueResets = 0;
  /** A saved activation is being put back. */
  #restoring = false;

  constructor(device: VirtioDevice, queues: QueueTable, host: ServiceHost) {
    this.#device = device;
    this.#queues = queues;
    this.#host = host;
  }

  /** Whether the device is active; it may have broken since. */
  get active(): boolean {
    return this.#active !== undefined;
  }

  /** Whether the device waits for a reset because of an error. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether single queues of it can be reset. */
  get canResetQueues(): boolean {
    return this.#active?.resetQueue !== undefined;
  }

  /** Whether a reset of a single queue is under way. */
  get resettingQueue(): boolean {
    return this.#queueResets > 0;
  }

  /** Whether nothing is in work. */
  get quiet(): boolean {
    if (this.#queueResets > 0) return false;
    return this.#active === undefined || (this.#active.quiet ?? (this.#broken || this.#queues.allIdle));
  }

  /** Puts all queues that are set up, and the device, into service. */
  start(terms: ServiceTerms): void {
    this.#life = { live: true };
    try {
      for (let index = 0; index < this.#queues.count; index++) this.openQueue(index, terms);
      this.#active = this.#device.activate(this.#context(terms, undefined));
    } catch (error) {
      this.fail(error);
      return;
    }
    this.deliverAll();
  }

  /**
   * As {@link start} with saved states, but begins nothing: service is paused. First the queues, ...
   * @param rings by queue
   * @throws VirtqueueStateError
   */
  restoreQueues(terms: ServiceTerms, rings: ReadonlyMap<number, DeviceVirtqueueState>): void {
    this.#life = { live: true };
    for (const [index, state] of rings) this.openQueue(index, terms, state);
  }

  /** ... then the device, which may take the buffers that it had already. Throws what it throws about its state. */
  restoreDevice(terms: ServiceTerms, restored: unknown): void {
    this.#restoring = true;
    try {
      this.#active = this.#device.activate(this.#context(terms, restored));
    } finally {
      this.#restoring = false;
    }
  }

  /** The saved device was broken. */
  restoreBroken(): void {
    this.#broken = true;
  }

  /** State of the active part; `undefined` without one. */
  save(): unknown {
    return this.#active?.save?.();
  }

  openQueue(index: number, { features, endian, legacy }: ServiceTerms, state?: DeviceVirtqueueState): void {
    this.#queues.open(index, features, endian, legacy, this.#queueHost(this.#life), state);
  }

  get #admission(): Admission {
    if (this.#restoring) return "returning";
    if (this.pause.wanted) return "none";
    return this.#host.suspending ? "returning" : "all";
  }

  /** What queues report, for as long as the activation lives that they belong to. */
  #queueHost(life: { readonly live: boolean }): LiveQueueHost {
    const admission = (): Admission => this.#admission;
    return {
      get admission() {
        return admission();
      },
      flushed: () => {
        if (life.live) this.#host.flushed();
        this.pause.check(this.quiet);
      },
      queueInterrupt: (index) => {
        if (life.live && !this.#broken) this.#host.interrupts.queueInterrupt(index);
      },
      fail: (reason) => {
        if (life.live) this.fail(reason);
      },
    };
  }

  #context({ features, legacy, endian }: ServiceTerms, restored: unknown): DeviceContext {
    const { pause } = this;
    const life = this.#life;
    const { memory, logger } = this.#host;
    return {
      memory,
      features,
      legacy,
      endian,
      logger,
      get paused() {
        return pause.wanted;
      },
      restored,
      queue: (index): DeviceQueue | undefined => (life.live ? this.#queues.live(index) : undefined),
      fail: (reason) => {
        if (life.live) this.fail(reason);
      },
    };
  }

  /** The device may have something to do in a queue. Not re-entrant: a device that notifies itself by its own DMA gets the call afterwards. */
  deliver(index: number): void {
    if (this.#notifying) {
      this.#renotify.add(index);
      return;
    }
    this.#notifying = true;
    try {
      this.#serve(index);
      if (this.#renotify.size === 0) return;
      for (const queue of this.#renotify) {
        this.#renotify.delete(queue);
        this.#serve(queue);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#notifying = false;
    }
  }

  #serve(index: number): void {
    if (!this.#broken && (this.#queues.live(index)?.open ?? false)) this.#active?.notify(index);
  }

  deliverAll(): void {
    for (const index of this.#queues.inService()) this.deliver(index);
  }

  /** After a pause: publishes what waited, and lets the device look at every queue. */
  goOn(): void {
    for (const index of this.#queues.inService()) this.#queues.live(index)?.flush();
    this.deliverAll();
  }

  /** Ends all service until the reset. */
  fail(reason: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#queues.cutOff();
    this.#host.failed(reason);
  }

  /** Cuts one queue off and ends its use. Returns a promise if that takes time. */
  resetQueue(index: number, done: () => void): Promise<void> | undefined {
    const active = this.#active;
    this.#queues.close(index);
    const finish = (): void => {
      if (this.#active === active) done();
    };
    const pending = this.#stop(() => active?.resetQueue?.(index));
    if (pending === undefined) {
      finish();
      return undefined;
    }
    this.#queueResets++;
    return pending.then(() => {
      this.#queueResets--;
      finish();
      this.pause.check(this.quiet);
    });
  }

  /** Ends service for a reset: queues are cut off at once. Returns a promise if I/O in flight is to be waited for. */
  end(): Promise<void> | undefined {
    const active = this.#active;
    this.#life.live = false;
    this.#active = undefined;
    this.#renotify.clear();
    for (const index of this.#queues.inService()) this.#queues.close(index);
    return active && this.#stop(() => active.reset());
  }

  /** As before the first start. */
  forget(): void {
    this.#broken = false;
  }

  /** Stops an active device, or one queue of it. What it does wrong in doing so must not keep the driver waiting. */
  #stop(stop: () => void | Promise<void>): Promise<void> | undefined {
    try {
      const pending = stop();
      if (pending instanceof Promise) return pending.catch((error: unknown) => this.#host.stopFailed(error));
    } catch (error) {
      this.#host.stopFailed(error);
    }
    return undefined;
  }
}
