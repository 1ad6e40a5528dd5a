import type { BlockBackend } from "@zarch/vmm-interface";
import { checkSpan } from "./span.ts";

/** A view of another backend through which nothing can be changed. A flush is accepted and has no effect. */
export function readOnly(backend: BlockBackend): BlockBackend {
  return new ReadOnlyBackend(backend);
}

class ReadOnlyBackend implements BlockBackend {
  readonly #backend: BlockBackend;
  readonly readOnly = true;
  readonly blockSize?: number;
  readonly identity?: string;

  constructor(backend: BlockBackend) {
    this.#backend = backend;
    if (backend.blockSize !== undefined) this.blockSize = backend.blockSize;
    if (backend.identity !== undefined) this.identity = backend.identity;
  }

  get size(): number {
    return this.#backend.size;
  }

  read(offset: number, target: Uint8Array): Promise<void> {
    return this.#backend.read(offset, target);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    checkSpan(this, offset, data.length, true);
  }

  async flush(): Promise<void> {}

  onResize(listener: () => void): () => void {
    return this.#backend.onResize?.(listener) ?? (() => {});
  }
}
