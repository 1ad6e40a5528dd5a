import { Worker } from "node:worker_threads";
import { type Job, type Message, type Progress, type Report, Slate } from "./protocol.ts";

export interface Watch {
  /** Called every few seconds. */
  readonly onProgress?: (progress: Progress) => void;
  readonly onReport?: (report: Report) => void;
}

export interface Result {
  /** Inputs of the job that were executed. */
  readonly replayed: number;
  readonly reports: readonly Report[];
  /** As far as known: a worker that hung takes the rest with it. */
  readonly progress: Progress;
  /** The fewest inputs found that reach all that was reached. */
  readonly cover: readonly Uint8Array[];
  readonly seconds: number;
}

/** An execution of that many seconds hangs. */
const HANG_SECONDS = 10;

/** The worker's heap: what a target may hold, with ample room. */
const HEAP_MB = 512;

/** Does a job in a worker of its own: an endless loop, or memory that runs out, ends the worker and is a finding. */
export function runJob(job: Job, watch: Watch = {}): Promise<Result> {
  const slate = new Slate();
  const started = performance.now();
  const reports: Report[] = [];
  let replayed = 0;
  let progress: Progress = { executions: 0, covered: 0, points: 0, features: 0, corpus: 0 };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { job, slate: slate.buffer },
    execArgv: ["--conditions=@zarch/source", "--disable-warning=ExperimentalWarning"],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const report = (found: Report): void => {
    reports.push(found);
    watch.onReport?.(found);
  };
  return new Promise((resolve, reject) => {
    let ready = false;
    let seen = { count: -1, at: performance.now() };
    const finish = (cover: readonly Uint8Array[]): void => {
      clearInterval(watchdog);
      void worker.terminate();
      resolve({ replayed, reports, progress, cover, seconds: (performance.now() - started) / 1000 });
    };
    const watchdog = setInterval(() => {
      const now = performance.now();
      const { count } = slate;
      if (!ready || count !== seen.count) seen = { count, at: now };
      if (now - seen.at < HANG_SECONDS * 1000) return;
      progress = { ...progress, executions: count };
      report({ kind: "hang", message: `an execution did not end within ${HANG_SECONDS} s`, stack: "", input: slate.input });
      finish([]);
    }, 500);
    worker.on("message", (message: Message) => {
      if (message.type === "ready") ready = true;
      else if (message.type === "replayed") replayed = message.count;
      else if (message.type === "finding") report(message.report);
      else {
        progress = message.progress;
        if (message.type === "done") finish(message.cover);
        else watch.onProgress?.(progress);
      }
    });
    worker.on("error", (error) => {
      if (!ready) {
        clearInterval(watchdog);
        reject(error);
        return;
      }
      const outOfMemory = (error as { code?: string }).code === "ERR_WORKER_OUT_OF_MEMORY";
      report({ kind: outOfMemory ? "memory" : "exception", message: error.message, stack: error.stack ?? "", input: slate.input });
      finish([]);
    });
  });
}
