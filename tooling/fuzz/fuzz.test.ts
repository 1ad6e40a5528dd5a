import { describe, expect, it } from "vitest";
import { Coverage } from "./engine/coverage.ts";
import { Fuzzer } from "./engine/fuzzer.ts";
import { Mutator } from "./engine/mutator.ts";
import { Random } from "./engine/random.ts";
import { shrink } from "./engine/shrink.ts";
import { Finding, type FuzzTarget, signature } from "./engine/target.ts";
import { FuzzMemory } from "./harness/fuzz-memory.ts";
import { disableChecks } from "./instrument/disable-checks.ts";
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
    const source = 'if (a)\n  throw new E("ERR_A",\n    `b`);\nif (b) this.fail(new E("ERR_A"));\nfunction f() { return "ERR_B"; }\n';
    const { source: result, removed } = disableChecks("a.ts", source, ["ERR_A"]);
    expect(removed).toEqual(["ERR_A", "ERR_A"]);
    expect(result.split("\n").map((line) => line.trimEnd())).toEqual([
      "if (a)",
      "  ;",
      "",
      "if (b) ;",
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
  const missing: [target: string, code: string, kinds: string[]][] = [
    ["split", "ERR_VIRTQUEUE_AVAILABLE_INDEX", ["answer"]],
    ["split", "ERR_VIRTQUEUE_HEAD_IN_USE", ["answer", "memory", "exception"]],
    ["split", "ERR_VIRTQUEUE_NEXT", ["answer", "exception"]],
    ["split", "ERR_VIRTQUEUE_CHAIN_TOO_LONG", ["steps", "answer"]],
    ["split", "ERR_VIRTQUEUE_BUFFER", ["answer"]],
    ["split", "ERR_VIRTQUEUE_ORDER", ["answer"]],
    ["split", "ERR_VIRTQUEUE_INDIRECT", ["answer", "steps", "exception"]],
    ["packed", "ERR_VIRTQUEUE_HEAD_IN_USE", ["answer", "memory", "exception"]],
    ["packed", "ERR_VIRTQUEUE_CHAIN_TOO_LONG", ["steps", "answer"]],
    ["packed", "ERR_VIRTQUEUE_BUFFER", ["answer"]],
    ["packed", "ERR_VIRTQUEUE_INDIRECT", ["answer", "exception"]],
  ];

  it.each(missing)(
    "finds, from nothing, that the %s ring does not check for %s any more",
    { timeout: 90_000 },
    async (target, code, kinds) => {
      const reports = await run({ target, disabledChecks: [code] });
      expect(kinds).toContain(reports[0]?.kind);
    },
  );

  it("refuses to look for a check that is not there", async () => {
    await expect(run({ disabledChecks: ["ERR_OF_NOTHING"] })).rejects.toThrow("no check with ERR_OF_NOTHING");
  });
});
