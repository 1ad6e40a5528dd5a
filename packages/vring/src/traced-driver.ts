import { totalLength } from "./driver-buffers.ts";
import type { DriverVirtqueueState } from "./driver-state.ts";
import type { BufferSpan, DriverVirtqueue, UsedBuffer } from "./driver-virtqueue.ts";
import { VirtqueueError } from "./errors.ts";
import type { VirtqueueTrace } from "./trace.ts";

/** A driver's virtqueue that tells what it does. A queue without a trace is never wrapped, so that tracing costs it nothing. */
export class TracedDriverVirtqueue<Token> implements DriverVirtqueue<Token> {
  readonly #queue: DriverVirtqueue<Token>;
  readonly #trace: VirtqueueTrace;
  #queued: number;

  /** @param queued buffers that were added before, and not published */
  constructor(queue: DriverVirtqueue<Token>, trace: VirtqueueTrace, queued: number) {
    this.#queue = queue;
    this.#trace = trace;
    this.#queued = queued;
  }

  get size(): number {
    return this.#queue.size;
  }

  get free(): number {
    return this.#queue.free;
  }

  get nextAvailable(): number {
    return this.#queue.nextAvailable;
  }

  add(out: readonly BufferSpan[], into: readonly BufferSpan[], token: Token): boolean {
    const accepted = this.#queue.add(out, into, token);
    if (accepted) this.#queued++;
    this.#trace({ side: "driver", event: "add", token, readable: totalLength(out), writable: totalLength(into), accepted });
    return accepted;
  }

  kickPrepare(): boolean {
    const notify = this.#queue.kickPrepare();
    this.#trace({ side: "driver", event: "kick", published: this.#queued, notify });
    this.#queued = 0;
    return notify;
  }

  getBuf(): UsedBuffer<Token> | undefined {
    try {
      const used = this.#queue.getBuf();
      if (used) this.#trace({ side: "driver", event: "get", ...used });
      return used;
    } catch (error) {
      if (error instanceof VirtqueueError) this.#trace({ side: "driver", event: "error", code: error.code, message: error.message });
      throw error;
    }
  }

  disableCallbacks(): void {
    this.#queue.disableCallbacks();
    this.#trace({ side: "driver", event: "callbacks", wanted: false, used: false });
  }

  enableCallbacks(): boolean {
    const none = this.#queue.enableCallbacks();
    this.#trace({ side: "driver", event: "callbacks", wanted: true, used: !none });
    return none;
  }

  reset(): Token[] {
    const tokens = this.#queue.reset();
    this.#queued = 0;
    this.#trace({ side: "driver", event: "reset" });
    return tokens;
  }

  save(saveToken: (token: Token) => unknown): DriverVirtqueueState {
    return this.#queue.save(saveToken);
  }
}
