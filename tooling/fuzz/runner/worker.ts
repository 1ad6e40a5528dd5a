// Fuzzes one target. Started by the supervisor, which watches it.

import { parentPort, workerData } from "node:worker_threads";
import { Coverage } from "../engine/coverage.ts";
import { Fuzzer } from "../engine/fuzzer.ts";
import { instrumentSources } from "../instrument/sources.ts";
import { targets } from "../targets/index.ts";
import { HeapWatch } from "./heap.ts";
import { type Job, type Message, type Progress, Slate } from "./protocol.ts";

/** Executions between two looks at the clock. */
const ROUND = 64;

const PROGRESS_MS = 5000;

const { job, slate: buffer } = workerData as { job: Job; slate: SharedArrayBuffer };
const slate = new Slate(buffer);
const coverage = new Coverage();

function send(message: Message): void {
  parentPort?.postMessage(message);
}

function progress(fuzzer: Fuzzer): Progress {
  const { covered, all } = coverage.points;
  const { executions, corpus } = fuzzer;
  return { executions, covered, points: all, features: coverage.featureCount, corpus: corpus.entries.length };
}

async function main(): Promise<void> {
  const disabled = instrumentSources({ coverage, disabledChecks: job.disabledChecks });
  const target = await targets[job.target]?.();
  if (!target) throw new Error(`no target ${job.target}`);
  for (const [code, places] of disabled) if (places === 0) throw new Error(`there is no check with ${code} in what ${job.target} loads`);
  const fuzzer = new Fuzzer({
    target,
    coverage,
    seed: job.seed,
    onExecution: (input) => slate.begin(input),
    onFinding: ({ kind, message, stack, cause }, input) => {
      const where = cause instanceof Error ? (cause.stack ?? "") : (stack ?? "");
      send({ type: "finding", report: { kind, message, stack: where, input } });
    },
  });
  process.on("unhandledRejection", (error) => fuzzer.unhandledRejection(error));
  send({ type: "ready" });

  const isEnough = (): boolean => job.untilFinding && fuzzer.findings > 0;
  let replayed = 0;
  for (; replayed < job.inputs.length && !isEnough(); replayed++) await fuzzer.replay(job.inputs[replayed] as Uint8Array);
  await fuzzer.finish();
  send({ type: "replayed", count: replayed });

  const heap = new HeapWatch();
  const end = performance.now() + job.seconds * 1000;
  let nextReport = performance.now() + PROGRESS_MS;
  const goOn = (): boolean => performance.now() < end && fuzzer.executions < job.executions && !isEnough();
  while (goOn()) {
    for (let i = 0; i < ROUND && fuzzer.executions < job.executions; i++) await fuzzer.step();
    if (performance.now() < nextReport) continue;
    send({ type: "progress", progress: progress(fuzzer) });
    nextReport += PROGRESS_MS;
  }
  await fuzzer.finish();
  const grown = heap.problem();
  // No single input is to blame: the last one stands for all of them.
  if (grown !== undefined) send({ type: "finding", report: { kind: "memory", message: grown, stack: "", input: slate.input } });
  send({ type: "done", progress: progress(fuzzer), cover: fuzzer.corpus.cover().map(({ input }) => input) });
}

await main();
