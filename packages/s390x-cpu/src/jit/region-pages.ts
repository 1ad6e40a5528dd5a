import { type FunctionBuilder, type I32, i32, i64, type Local } from "@zarch/wasm-encoder";
import { RECORD_PAGE_FRAME, TLB_FETCH } from "../engine/layout.ts";
import { fetchIndex } from "../engine/storage.ts";
import type { CodeBlock } from "./region-code.ts";

const PAGE = 4096;

/**
 * The pages that a region's code lies in. Page 0, where it is entered, is where it was; of any other page that is made sure when
 * control first comes there, for the region may run where that page is elsewhere or not there at all.
 */
export class RegionPages {
  readonly #f: FunctionBuilder;
  readonly #base: Local<"i64">;
  readonly #bank: Local<"i32">;
  readonly #frames: ReadonlyMap<number, number>;
  /** Nonzero once a page is known to be where it was. */
  readonly #known = new Map<number, Local<"i32">>();

  /** @param frames absolute addresses / 4096, by page offset */
  constructor(f: FunctionBuilder, base: Local<"i64">, bank: Local<"i32">, frames: ReadonlyMap<number, number>) {
    this.#f = f;
    this.#base = base;
    this.#bank = bank;
    this.#frames = frames;
  }

  /** At the region's entry: makes sure of the first block's pages. */
  enter(block: CodeBlock, decline: () => void): void {
    for (const page of pagesOf(block)) if (page !== 0) this.#check(page, decline);
  }

  /** On the way from one block to another. */
  follow(from: CodeBlock | undefined, to: CodeBlock, leave: () => void): void {
    const before = new Set(from && pagesOf(from));
    for (const page of pagesOf(to)) {
      if (page === 0 || before.has(page)) continue;
      const known = this.#flag(page);
      this.#f.if(i32.eqz(known.value), () => {
        this.#check(page, leave);
        this.#f.set(known, i32.const(1));
      });
    }
  }

  #flag(page: number): Local<"i32"> {
    let known = this.#known.get(page);
    if (!known) {
      known = this.#f.local("i32", `page${page}`);
      this.#known.set(page, known);
    }
    return known;
  }

  #check(page: number, otherwise: () => void): void {
    const f = this.#f;
    f.scope(() => {
      const address = f.let(i64.add(this.#base.value, page * PAGE));
      const entry = f.let(i32.add(this.#bank.value, fetchIndex(address)));
      const isThere = i64.eq(i64.load(entry, TLB_FETCH), address);
      const frame: I32 = i32.load(i32.load(entry, TLB_FETCH + 8), RECORD_PAGE_FRAME);
      f.if(i32.eqz(i32.and(isThere, i32.eq(frame, this.#frames.get(page)!))), otherwise);
    });
  }
}

/** The pages of a block's instructions and of what EXECUTE executes there. */
function pagesOf({ start, end, instructions }: CodeBlock): ReadonlySet<number> {
  const pages = new Set<number>();
  const add = (first: number, pastEnd: number): void => {
    for (let page = Math.floor(first / PAGE); page * PAGE < pastEnd; page++) pages.add(page);
  };
  add(start, end);
  for (const { target } of instructions) if (target) add(target.offset, target.offset + target.instruction.format.length);
  return pages;
}
