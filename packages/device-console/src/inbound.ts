import type { Logger } from "@zarch/vmm-interface";

/** Something the guest did with a port, in the order in which it did it. */
export type InboundItem = Uint8Array | "open" | "close";

/** What the host does with it. */
export interface InboundHandlers {
  data(bytes: Uint8Array): void | Promise<void>;
  open(): void;
  close(): void;
  /** Room was made. */
  drained(): void;
}

/** What an item costs beyond its bytes, so that a guest that writes single bytes cannot fill the host with objects. */
const ITEM_COST = 64;

function cost(item: InboundItem): number {
  return ITEM_COST + (typeof item === "string" ? 0 : item.length);
}

/** Bytes and events from the guest on their way to the host: one at a time, the next when the host is done with the last. */
export class Inbound {
  readonly #limit: number;
  readonly #handlers: InboundHandlers;
  readonly #logger: Logger;
  readonly #items: InboundItem[] = [];
  #cost = 0;
  #delivering = false;
  /** The last event that the host heard of is that the port was opened. */
  #opened = false;
  readonly #drainWaiters: (() => void)[] = [];

  constructor(limit: number, handlers: InboundHandlers, logger: Logger) {
    this.#limit = limit;
    this.#handlers = handlers;
    this.#logger = logger;
  }

  /** Bytes that can be put now; 0 when the host has to catch up first. */
  get room(): number {
    return Math.max(0, this.#limit - this.#cost);
  }

  /** Whether there is nothing left to deliver. */
  get idle(): boolean {
    return this.#items.length === 0 && !this.#delivering;
  }

  /** Settles when there is nothing left to deliver. */
  drain(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve);
    });
  }

  put(item: InboundItem): void {
    // When the host is far behind: opened and closed again with nothing in between, nothing happened.
    if (item === "close" && this.room === 0 && this.#items.at(-1) === "open") {
      this.#items.pop();
      this.#cost -= ITEM_COST;
      return;
    }
    this.#items.push(item);
    this.#cost += cost(item);
    if (!this.#delivering) this.#deliver();
  }

  /** What the host has yet to hear, the first thing being that the port is open if that is so. What it is at work with it has heard. */
  save(): InboundItem[] {
    return this.#opened ? ["open", ...this.#items] : [...this.#items];
  }

  /** Goes on with what was saved; the host hears of it when the caller is done. */
  restore(items: readonly InboundItem[]): void {
    for (const item of items) {
      this.#items.push(item);
      this.#cost += cost(item);
    }
    void Promise.resolve().then(() => {
      if (!this.#delivering) this.#deliver();
    });
  }

  /** Forgets what the host has not heard. */
  clear(): void {
    for (const item of this.#items.splice(0)) this.#cost -= cost(item);
  }

  /** Delivers until the host asks for a pause by returning a promise. */
  #deliver(): void {
    this.#delivering = true;
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
      let pause: void | Promise<void>;
      try {
        pause = this.#hand(item);
      } catch (error) {
        this.#failed(error);
        pause = undefined;
      }
      if (pause instanceof Promise) {
        void pause
          .catch((error: unknown) => this.#failed(error))
          .then(() => {
            this.#cost -= cost(item as InboundItem);
            this.#deliver();
            this.#handlers.drained();
            if (this.idle) for (const resolve of this.#drainWaiters.splice(0)) resolve();
          });
        return;
      }
      this.#cost -= cost(item);
    }
    this.#delivering = false;
  }

  #hand(item: InboundItem): void | Promise<void> {
    if (typeof item === "string") this.#opened = item === "open";
    if (item === "open") return this.#handlers.open();
    if (item === "close") return this.#handlers.close();
    return this.#handlers.data(item);
  }

  #failed(error: unknown): void {
    this.#logger.log("error", "virtio-console: a handler of a port failed", { error });
  }
}
