import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtioStateError } from "./errors.ts";
import { fromHex, toHex } from "./hex.ts";
import { StateReader } from "./state-reader.ts";

describe("StateReader", () => {
  const reader = new StateReader(
    {
      number: 5,
      fraction: 0.5,
      yes: true,
      text: "abc",
      bytes: "00ff",
      list: [1, 2, 3],
      objects: [{ number: 1 }, { number: 2 }],
      child: { number: 7 },
      nothing: null,
    },
    "thing",
  );

  it("gives what is there", () => {
    expect([reader.integer("number", 5, 5), reader.boolean("yes"), reader.string("text", 3)]).toEqual([5, true, "abc"]);
    expect([reader.choice("text", ["xyz", "abc"]), [...reader.bytes("bytes", 2)]]).toEqual(["abc", [0, 255]]);
    expect([reader.array("list", 3), reader.integers("list", 3, 1, 3)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(reader.children("objects", 2).map((child) => child.integer("number", 0, 9))).toEqual([1, 2]);
    expect([reader.child("child").integer("number", 0, 9), reader.isNull("nothing"), reader.isNull("number")]).toEqual([7, true, false]);
    expect([reader.value("text"), reader.value("absent")]).toEqual(["abc", undefined]);
  });

  const refused: readonly (readonly [what: string, read: () => unknown])[] = [
    ["a number below the range", () => reader.integer("number", 6, 9)],
    ["a number above the range", () => reader.integer("number", 0, 4)],
    ["a fraction", () => reader.integer("fraction", 0, 1)],
    ["a number that is a string", () => reader.integer("text", 0, 9)],
    ["an absent number", () => reader.integer("absent", 0, 9)],
    ["an inherited field", () => reader.string("toString", 9)],
    ["a boolean that is a number", () => reader.boolean("number")],
    ["a string that is too long", () => reader.string("text", 2)],
    ["a string that is a number", () => reader.string("number", 9)],
    ["another word", () => reader.choice("text", ["a", "b"])],
    ["too many bytes", () => reader.bytes("bytes", 1)],
    ["bytes that are none", () => reader.bytes("text", 9)],
    ["too long a list", () => reader.array("list", 2)],
    ["a list that is none", () => reader.array("child", 9)],
    ["a list with a number out of range", () => reader.integers("list", 3, 1, 2)],
    ["a list with something else", () => reader.integers("objects", 3, 0, 9)],
    ["a child that is null", () => reader.child("nothing")],
    ["a child that is a list", () => reader.child("list")],
    ["children that are numbers", () => reader.children("list", 3)],
  ];
  for (const [what, read] of refused) it(`refuses ${what}`, () => expect(read).toThrow(VirtioStateError));

  it("says where", () => {
    const messageOf = (action: () => unknown): string => {
      try {
        action();
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(messageOf(() => reader.children("objects", 2)[1]?.integer("number", 5, 9))).toContain("thing.objects[1]: number");
    expect(messageOf(() => reader.child("child").refuse("no good"))).toBe("unusable saved state: thing.child: no good");
    expect(messageOf(() => reader.refuseDevice("no such port"))).toBe("a saved state of another device: thing: no such port");
    expect(messageOf(() => new StateReader([], "list"))).toContain("list: it is no object");
  });
});

describe("bytes as text", () => {
  it("come back as they were; other text gives none", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
    expect(["0", "0g", "AA", " 00", "00\n"].map(fromHex)).toEqual(Array(5).fill(undefined));
  });
});
