import { type BlockBackend, HostError } from "@zarch/vmm-interface";
import { checkSpan } from "./span.ts";

export type BlockOperation = "read" | "write" | "flush" | "discard" | "writeZeroes";

/** One call of a backend. */
export interface BlockCall {
  readonly operation: BlockOperation;
  /** How many calls of this operation came before it. */
  readonly index: number;
  /** Bytes; 0 for a flush. */
  readonly offset: number;
  readonly length: number;
}

/** What happens to a call. */
export type Fault =
  /** Nothing is done and the call is rejected. */
  | "reject"
  /** The first half of the bytes (rounded down to sectors) is read or written, then the call is rejected. */
  | "partial"
  /** All is done, but the call is rejected. */
  | "reject-after";

export interface FaultPlan {
  /** Chooses the fate of a call; `undefined` lets it pass. Depends on the call alone, so that a run can be repeated. */
  readonly fault?: (call: BlockCall) => Fault | undefined;
  /** Awaited before the call is carried out: holds calls back and reorders them. */
  readonly before?: (call: BlockCall) => Promise<void> | void;
}

/** A backend that fails as planned, for tests of whatever uses backends. Rejects with HostError `ERR_ZARCH_BLOCK_INJECTED`. */
export class FaultInjectingBackend implements BlockBackend {
  readonly #backend: BlockBackend;
  readonly #plan: FaultPlan;
  readonly #calls = new Map<BlockOperation, number>();
  readonly blockSize?: number;
  readonly identity?: string;

  constructor(backend: BlockBackend, plan: FaultPlan) {
    this.#backend = backend;
    this.#plan = plan;
    if (backend.blockSize !== undefined) this.blockSize = backend.blockSize;
    if (backend.identity !== undefined) this.identity = backend.identity;
  }

  get size(): number {
    return this.#backend.size;
  }

  get readOnly(): boolean {
    return this.#backend.readOnly;
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#call("read", offset, target.length, (length) => this.#backend.read(offset, target.subarray(0, length)));
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.#call("write", offset, data.length, (length) => this.#backend.write(offset, data.subarray(0, length)));
  }

  flush(): Promise<void> {
    return this.#call("flush", 0, 0, () => this.#backend.flush());
  }

  discard(offset: number, length: number): Promise<void> {
    return this.#call("discard", offset, length, async (part) => this.#backend.discard?.(offset, part));
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): Promise<void> {
    return this.#call("writeZeroes", offset, length, (part) =>
      this.#backend.writeZeroes ? this.#backend.writeZeroes(offset, part, mayUnmap) : this.#backend.write(offset, new Uint8Array(part)),
    );
  }

  async #call(operation: BlockOperation, offset: number, length: number, perform: (length: number) => Promise<void>): Promise<void> {
    checkSpan(this, offset, length, operation !== "read" && operation !== "flush");
    const index = this.#calls.get(operation) ?? 0;
    this.#calls.set(operation, index + 1);
    const call = { operation, index, offset, length };
    await this.#plan.before?.(call);
    const fault = this.#plan.fault?.(call);
    if (fault !== "reject") await perform(fault === "partial" ? Math.floor(length / 1024) * 512 : length);
    if (fault) throw new HostError("ERR_ZARCH_BLOCK_INJECTED", `injected fault in ${operation} ${index}`);
  }
}
