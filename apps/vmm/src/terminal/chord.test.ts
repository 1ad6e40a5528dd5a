import { expect, it } from "vitest";
import { ChordFilter } from "./chord.ts";

function filter(...portions: string[]) {
  const commands: string[] = [];
  const chords = new ChordFilter((command) => commands.push(command));
  const kept = portions.map((portion) => String.fromCharCode(...chords.take(Uint8Array.from(portion, (c) => c.charCodeAt(0))))).join("");
  return { kept, commands };
}

it("passes everything but chords", () => {
  expect(filter("ls\r\x03\x1b[A\xff")).toEqual({ kept: "ls\r\x03\x1b[A\xff", commands: [] });
});

it("recognises chords, also across portions and with Ctrl held down", () => {
  expect(filter("a\x01x", "b\x01", "Cd", "\x01\x18", "\x01h")).toEqual({ kept: "abd", commands: ["exit", "monitor", "exit", "help"] });
});

it("sends Ctrl-A by Ctrl-A A or Ctrl-A Ctrl-A, and leaves other keys what they are", () => {
  expect(filter("\x01a\x01\x01\x01z")).toEqual({ kept: "\x01\x01\x01z", commands: [] });
});
