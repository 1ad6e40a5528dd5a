/** Decimal instructions themselves against the corpus of the decimal algorithms, also with operands over two pages. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../testing/program.ts";

/** The second puts a page boundary among the operands. */
const PLACES = [0x2_0000, 0x3_0000 - 0x2d];

interface Vector {
  readonly length1: number;
  readonly length2: number;
  readonly offset1: number;
  readonly offset2: number;
  readonly storage: string;
  readonly changedAt: number;
  readonly changed: string;
  readonly cc: number;
}

function instructionOf(name: string, v: Vector): string {
  const first = `${v.offset1}`;
  const second = `${v.offset2}(%r4)`;
  switch (name) {
    case "tp":
      return `tp ${first}(${v.length1},%r4)`;
    case "cvd":
      return `cvd %r2,${v.offset1}(%r4)`;
    case "mvn":
    case "mvz":
    case "unpka":
    case "unpku":
      return `${name} ${first}(${v.length1},%r4),${second}`;
    default:
      return `${name} ${first}(${v.length1},%r4),${v.offset2}(${v.length2},%r4)`;
  }
}

const corpus = readFileSync(new URL("../../decimal/corpus/vectors.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");
const vectors = new Map<string, Vector[]>();
for (const line of corpus) {
  const [question, answer] = line.split(" = ") as [string, string];
  const [name, length1, length2, offset1, offset2, storage] = question.split(" ") as [string, string, string, string, string, string];
  const [changedAt, changed, cc] = answer.split(" ") as [string, string, string];
  const list = vectors.get(name) ?? [];
  vectors.set(name, list);
  list.push({
    length1: Number(length1),
    length2: Number(length2),
    offset1: Number(offset1),
    offset2: Number(offset2),
    storage,
    changedAt: Number(changedAt),
    changed,
    cc: Number(cc),
  });
}

describe("decimal instructions by the corpus (PoP chapters 7 and 8)", () => {
  for (const [name, list] of vectors) {
    it(`insn: ${name.toUpperCase()}: answers as the corpus says`, () => {
      const setsCc = ["tp", "unpka", "unpku"].includes(name);
      for (const place of PLACES) {
        const wrong = list.filter((v) => {
          const state = runProgram(instructionOf(name, v), {
            memory: { [place]: v.storage },
            general: { 2: BigInt(`0x${v.storage.slice(-16)}`), 4: BigInt(place) },
          });
          const end = 2 * v.changedAt + v.changed.length;
          const expected = v.storage.slice(0, 2 * v.changedAt) + v.changed + v.storage.slice(end);
          return (
            state.memory(place, v.storage.length / 2) !== expected || (setsCc && state.cc !== v.cc) || state.interruption !== undefined
          );
        });
        expect(wrong).toEqual([]);
      }
    });
  }
});
