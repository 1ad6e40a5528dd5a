import { PassThrough, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { type InputSink, OfferingSink, pumpInput } from "./input.ts";
import { StreamOutput } from "./output.ts";

it("input waits for the sink, arrives in order and ends once", async () => {
  const stream = new PassThrough();
  const log: string[] = [];
  let release: () => void = () => {};
  const sink: InputSink = {
    write: (bytes) => {
      log.push(new TextDecoder().decode(bytes));
      return new Promise((resolve) => {
        release = resolve;
      });
    },
    end: () => void log.push("end"),
  };
  pumpInput(stream, sink);
  stream.write("one");
  await delay(1);
  stream.write("two");
  stream.end();
  await delay(1);
  expect(log).toEqual(["one"]);
  release();
  await delay(1);
  expect(log).toEqual(["one", "two"]);
  release();
  await delay(1);
  expect(log).toEqual(["one", "two", "end"]);
});

it("input stops when asked to", async () => {
  const stream = new PassThrough();
  const log: string[] = [];
  const stop = pumpInput(stream, { write: async (bytes) => void log.push(String(bytes.length)), end: () => void log.push("end") });
  stop();
  stream.end("x");
  await delay(1);
  expect(log).toEqual([]);
});

it("a sink that offers: nothing is lost however little the console takes, and whenever it is ready again", async () => {
  const taken: number[] = [];
  const sink = new OfferingSink();
  const writing = sink.write(Uint8Array.from({ length: 10 }, (_, index) => index));
  await delay(1);
  expect(taken).toEqual([]);
  sink.connect({
    input(bytes) {
      taken.push(...bytes.subarray(0, 3));
      if (taken.length === 3) sink.inputReady();
      else setTimeout(sink.inputReady);
      return Math.min(3, bytes.length);
    },
  });
  await writing;
  expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it("output says when the stream is full, and when it has room again", async () => {
  let finish: () => void = () => {};
  const slow = new Writable({
    highWaterMark: 4,
    write(_chunk, _encoding, callback) {
      finish = callback;
    },
  });
  const output = new StreamOutput(slow, () => {});
  expect(output.write("abc")).toBeUndefined();
  const full = output.write("def");
  expect(full).toBeInstanceOf(Promise);
  finish();
  await delay(1);
  finish();
  await full;
  expect(output.write("g")).toBeUndefined();
});

it("output to a reader that has gone is dropped, reported once, and holds nobody", async () => {
  const broken: string[] = [];
  const gone = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, callback) {
      setImmediate(() => callback(Object.assign(new Error("gone"), { code: "EPIPE" })));
    },
  });
  const output = new StreamOutput(gone, (error) => broken.push(error.message));
  await output.write("abc");
  expect(output.write("def")).toBeUndefined();
  await output.flushed();
  expect(broken).toEqual(["gone"]);
});
