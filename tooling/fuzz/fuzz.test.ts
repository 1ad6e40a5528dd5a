import { describe, expect, it } from "vitest";
import { Coverage } from "./engine/coverage.ts";
import { Fuzzer } from "./engine/fuzzer.ts";
import { Mutator } from "./engine/mutator.ts";
import { Random } from "./engine/random.ts";
import { shrink } from "./engine/shrink.ts";
import { Finding, type FuzzTarget, signature } from "./engine/target.ts";
import { FuzzMemory } from "./harness/fuzz-memory.ts";
import { disableChecks } from "./instrument/disable-checks.ts";
import { readCorpus } from "./runner/files.ts";
import type { Job, Report } from "./runner/protocol.ts";
import { runJob } from "./runner/supervisor.ts";

describe("the engine", () => {
  it("makes the same inputs from the same seed, none too long", () => {
    const inputs = (seed: number): Uint8Array[] => {
      const mutator = new Mutator(new Random(seed), 100, [Uint8Array.of(1, 2, 3)]);
      let input: Uint8Array = new Uint8Array(8);
      return Array.from({ length: 500 }, () => {
        input = mutator.mutate(input, Uint8Array.of(9, 9));
        return input;
      });
    };
    expect(inputs(5)).toEqual(inputs(5));
    expect(inputs(5)).not.toEqual(inputs(6));
    expect(Math.max(...inputs(5).map(({ length }) => length))).toBe(100);
  });

  it("counts by classes: 4 times is new after 3 times, 5 times is not new after 4", () => {
    const coverage = new Coverage();
    const counters = coverage.allocate(2);
    const execute = (...counts: number[]): boolean => {
      coverage.clear();
      counters.set(counts);
      const { isNew } = coverage;
      expect(coverage.merge().length > 0).toBe(isNew);
      return isNew;
    };
    expect([execute(3, 0), execute(3, 0), execute(4, 0), execute(5, 0), execute(0, 1), execute(1000, 0), execute(2000, 1)]).toEqual([
      true,
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(coverage.points).toEqual({ covered: 2, all: 2 });
  });

  it("shrinks an input to what matters", async () => {
    const input = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
    const smallest = await shrink(input, (candidate) => candidate.includes(7) && candidate.includes(200), 5000);
    expect([...smallest]).toEqual([7, 200]);
  });

  /** A target that instruments itself: each further right byte is a further counter. */
  function lock(coverage: Coverage, secret: string, fail: () => void | Promise<void>): FuzzTarget {
    const counters = coverage.allocate(secret.length + 1);
    return {
      run: (input) => {
        let right = 0;
        while (right < secret.length && input[right] === secret.charCodeAt(right)) counters[right++]!++;
        return right === secret.length ? fail() : undefined;
      },
    };
  }

  it.each([
    ["an exception", "exception: RangeError: 12", () => Promise.reject(new RangeError("12"))],
    ["a finding", "write: there", () => Promise.reject(new Finding("write", "there"))],
    ["a rejection that nobody looks after", "exception: Error: lost", () => void Promise.reject(new Error("lost"))],
  ])("finds its way byte by byte, and reports %s once with its smallest input", async (_, expected, fail) => {
    const coverage = new Coverage();
    const found: string[] = [];
    const target = lock(coverage, "secret", fail);
    const fuzzer = new Fuzzer({
      target,
      coverage,
      seed: 1,
      onFinding: ({ kind, message }, input) => found.push(`${kind}: ${message} ${Buffer.from(input)}`),
    });
    const caught = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (error) => fuzzer.unhandledRejection(error));
    try {
      for (let i = 0; i < 200_000 && found.length === 0; i++) await fuzzer.step();
      for (let i = 0; i < 1000; i++) await fuzzer.step();
      await fuzzer.finish();
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of caught) process.on("unhandledRejection", listener);
    }
    expect(found).toEqual([`${expected} secret`]);
  });

  it("takes two findings for the same if only numbers differ", () => {
    expect(signature(new Finding("write", "4 bytes at 0x10"))).toBe(signature(new Finding("write", "8 bytes at 0xabc")));
    expect(signature(new Finding("write", "a"))).not.toBe(signature(new Finding("read", "a")));
  });
});

describe("FuzzMemory", () => {
  it("lets the guest store between two reads, and remembers what was read first", () => {
    const memory = new FuzzMemory(64);
    memory.startWindow();
    memory.patchLater(2, 8, Uint8Array.of(5));
    expect([memory.loadUint8(8), memory.loadUint8(8), memory.loadUint8(8)]).toEqual([0, 0, 5]);
    expect([memory.seen(8, 1)?.getUint8(0), memory.seen(9, 1), memory.patched]).toEqual([0, undefined, 1]);
  });

  it("stops a call that does not end, and what the guard forbids", () => {
    const memory = new FuzzMemory(64);
    memory.limit(3);
    expect(() => {
      for (;;) memory.loadUint16(0, "little");
    }).toThrow("more than 3 accesses");
    memory.reset();
    memory.guard = { mayRead: () => true, mayWrite: (address) => address < 8 };
    memory.storeUint32(4, 1, "big");
    expect(() => memory.storeUint32(8, 1, "big")).toThrow("the device wrote 4 bytes at 0x8");
    expect(memory.finding?.kind).toBe("write");
  });
});

describe("disableChecks", () => {
  it("empties the statements that fail with a code, and keeps all positions", () => {
    const source =
      'if (a)\n  throw new E("ERR_A",\n    `b`);\nif (b) this.fail(new E("ERR_A"));\nif (c) throw new E(`c is bad`);\nfunction f() { return "ERR_B"; }\n';
    const { source: result, removed } = disableChecks("a.ts", source, ["ERR_A", "c is bad"]);
    expect(removed.toSorted()).toEqual(["ERR_A", "ERR_A", "c is bad"]);
    expect(result.split("\n").map((line) => line.trimEnd())).toEqual([
      "if (a)",
      "  ;",
      "",
      "if (b) ;",
      "if (c) ;",
      'function f() { return "ERR_B"; }',
      "",
    ]);
  });
});

describe("the fuzzer", () => {
  const run = async (job: Partial<Job>): Promise<readonly Report[]> => {
    const all = { target: "split", seed: 1, inputs: [], seconds: 80, executions: 500_000, untilFinding: true, disabledChecks: [], ...job };
    return (await runJob(all)).reports;
  };
  it("finds from nothing that a loop in a chain is not noticed any more", { timeout: 120_000 }, async () => {
    expect(await run({ target: "split", disabledChecks: ["ERR_VIRTQUEUE_CHAIN_TOO_LONG"] })).not.toEqual([]);
  });

  // Any finding will do: what it is depends on what the ring does next without the check.
  const missing: [target: string, check: string][] = [
    ["split", "ERR_VIRTQUEUE_AVAILABLE_INDEX"],
    ["split", "ERR_VIRTQUEUE_HEAD_IN_USE"],
    ["split", "ERR_VIRTQUEUE_NEXT"],
    ["split", "ERR_VIRTQUEUE_BUFFER"],
    ["split", "ERR_VIRTQUEUE_ORDER"],
    ["split", "ERR_VIRTQUEUE_INDIRECT"],
    ["packed", "ERR_VIRTQUEUE_HEAD_IN_USE"],
    ["packed", "ERR_VIRTQUEUE_CHAIN_TOO_LONG"],
    ["packed", "ERR_VIRTQUEUE_INDIRECT"],
    ["blk", "write to a read-only disk"],
    ["blk", "are beyond the end"],
  ];

  it.each(missing)("finds, from its corpus on, that %s has no check for this any more: %s", { timeout: 120_000 }, async (target, check) => {
    expect(await run({ target, inputs: readCorpus(target), disabledChecks: [check] })).not.toEqual([]);
  });

  it("does the same again with the same seed and inputs", { timeout: 120_000 }, async () => {
    const job: Job = { target: "rng", seed: 7, inputs: [], seconds: 100, executions: 600, untilFinding: false, disabledChecks: [] };
    const [first, second] = [await runJob(job), await runJob(job)];
    expect([second.progress, second.cover]).toEqual([first.progress, first.cover]);
    expect(first.progress.executions).toBeGreaterThanOrEqual(600);
  });

  it("refuses to look for a check that is not there", async () => {
    await expect(run({ disabledChecks: ["ERR_OF_NOTHING"] })).rejects.toThrow("no check with ERR_OF_NOTHING");
  });
});
