import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Growth of the heap over a run that is no longer the fuzzer's own: its corpus and what it knows of it. */
const MAX_GROWTH = 96 << 20;

/** Watches that a run leaves nothing behind. */
export class HeapWatch {
  readonly #collect: () => void;
  readonly #before: number;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collect = runInNewContext("gc") as () => void;
    this.#before = this.#used();
  }

  /** Bytes in use after a garbage collection. */
  #used(): number {
    this.#collect();
    return process.memoryUsage().heapUsed;
  }

  /** What is wrong with the growth since the start, if anything. */
  problem(): string | undefined {
    const growth = this.#used() - this.#before;
    return growth > MAX_GROWTH ? `the heap has grown by ${growth >> 20} MiB` : undefined;
  }
}
