import type { FieldName } from "@zarch/s390x-isa";
import { call, type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import { StringsResult } from "../engine/strings.ts";
import type { DefinitionTable } from "./table.ts";

const UNFINISHED = 3;
/** Fewer bytes than these are no reason to end an instruction before it is done. */
const LEAST_PROGRESS = 256;

/**
 * Instructions about strings and long moves, TRANSLATE, and TRANSLATE AND TEST (PoP chapter 7), as long as their operands may be accessed at
 * once: those that may end before they are done go on to the end of a page. Everything else is the runtime's.
 */
export function defineString(table: DefinitionTable): void {
  defineSearch(table);
  defineCompare(table);
  defineMove(table);
  defineMoveLong(table);
  defineTranslate(table);
}

/** Bytes from an address to the end of its page. */
function roomIn(address: I64): I32 {
  return i32.sub(4096, i32.and(i32.wrap(address), 0xfff));
}

/** Bytes from both addresses to the first end of a page. */
function roomInBoth(c: Context, first: I64, second: I64): I32 {
  const [a, b] = [c.let(roomIn(first)), c.let(roomIn(second))];
  return c.let(select(a, b, i32.ltU(a, b)));
}

/** Sets a general register to an address: in 24- and 31-bit mode bits 0-31 stay. */
function setAddress(c: Context, name: FieldName, address: I64): void {
  const wrapped = c.let(c.wrapAddress(address));
  c.f.if(
    c.isMode64(),
    () => c.setGr64(name, wrapped),
    () => c.setGr32(name, i32.wrap(wrapped)),
  );
}

/** What register 0 says of the ending character, where that is valid. */
function withCharacter(c: Context, body: (character: I32) => void): void {
  const character = c.let(i32.wrap(c.gr64Fixed(0)));
  c.f.if(i32.leU(character, 0xff), () => body(character));
  c.helper();
}

/** The host address of the byte at an address, where that may be accessed at once, and with it all of the page. */
function withByte(c: Context, address: I64, operand: 1 | 2 | 3, access: "read" | "write", body: (host: I32) => void): void {
  const host = c.spanOrZero(address, i32.const(1), access === "write", operand);
  c.f.if(host, () => body(host));
}

function finishWith(c: Context, cc: I32): void {
  c.setCc(cc);
  c.finish();
}

function defineSearch(table: DefinitionTable): void {
  table.define("srst", (c) =>
    withCharacter(c, (character) => {
      // Register 1 holds the address behind the operand.
      const start = c.let(c.wrapAddress(c.gr64("r2")));
      const distance = c.let(c.wrapAddress(i64.sub(c.wrapAddress(c.gr64("r1")), start)));
      c.f.if(i64.eqz(distance), () => finishWith(c, i32.const(2)));
      const room = c.let(roomIn(start));
      const isLast = c.let(i64.leU(distance, i64.extendU(room)));
      const count = c.let(select(i32.wrap(distance), room, isLast));
      withByte(c, start, 2, "read", (host) => {
        const index = c.let(call("i32", c.function("findByte"), host, count, character));
        c.f.if(i32.ltU(index, count), () => {
          setAddress(c, "r1", i64.add(start, i64.extendU(index)));
          finishWith(c, i32.const(1));
        });
        c.f.if(isLast, () => finishWith(c, i32.const(2)));
        c.f.if(i32.geU(count, LEAST_PROGRESS), () => {
          setAddress(c, "r2", i64.add(start, i64.extendU(count)));
          finishWith(c, i32.const(UNFINISHED));
        });
      });
    }),
  );
}

function defineCompare(table: DefinitionTable): void {
  table.define("clst", (c) =>
    withCharacter(c, (character) => {
      const first = c.let(c.wrapAddress(c.gr64("r1")));
      const second = c.let(c.wrapAddress(c.gr64("r2")));
      const goOn = (by: I32, cc: I32): void => {
        setAddress(c, "r1", i64.add(first, i64.extendU(by)));
        setAddress(c, "r2", i64.add(second, i64.extendU(by)));
        finishWith(c, cc);
      };
      const count = roomInBoth(c, first, second);
      withByte(c, first, 1, "read", (a) =>
        withByte(c, second, 2, "read", (b) => {
          const result = c.let(call("i32", c.function("compareStrings"), a, b, count, character));
          c.f.if(i32.eqz(result), () => finishWith(c, i32.const(0)));
          c.f.if(i32.ne(result, StringsResult.unfinished), () => goOn(i32.shrU(result, 2), i32.and(result, 3)));
          c.f.if(i32.geU(count, LEAST_PROGRESS), () => goOn(count, i32.const(UNFINISHED)));
        }),
      );
    }),
  );
}

function defineMove(table: DefinitionTable): void {
  table.define("mvst", (c) =>
    withCharacter(c, (character) => {
      const target = c.let(c.wrapAddress(c.gr64("r1")));
      const source = c.let(c.wrapAddress(c.gr64("r2")));
      const count = roomInBoth(c, target, source);
      withByte(c, source, 2, "read", (from) =>
        withByte(c, target, 1, "write", (to) => {
          const index = c.let(call("i32", c.function("findByte"), from, count, character));
          const isEnd = c.let(i32.ltU(index, count));
          const length = c.let(i32.add(index, isEnd));
          // A string that is moved onto itself, to the right, may lose its end.
          c.f.if(i32.geU(i32.sub(i32.sub(from, to), 1), i32.sub(length, 1)), () => {
            const before = c.let(i32.sub(length, 1));
            c.f.call(c.function("copySpan"), i32.sub(to, before), i32.sub(from, before), length);
            setAddress(c, "r1", i64.add(target, i64.extendU(index)));
            c.f.if(isEnd, () => finishWith(c, i32.const(1)));
            setAddress(c, "r2", i64.add(source, i64.extendU(index)));
            finishWith(c, i32.const(UNFINISHED));
          });
        }),
      );
    }),
  );
}

function defineMoveLong(table: DefinitionTable): void {
  table.define("mvcle", (c) => {
    const pad = c.let(i32.wrap(c.address(2)));
    const isUsual = i32.and(c.isMode64(), i32.ne(c.registerNumber("r1"), c.registerNumber("r3")));
    c.f.if(isUsual, () => {
      const target = c.let(c.gr64("r1"));
      const source = c.let(c.gr64("r3"));
      const left = c.let(c.gr64("r1", 1));
      const available = c.let(c.gr64("r3", 1));
      c.f.if(i64.eqz(left), () => {
        c.ccCompareU64(left, available);
        c.finish();
      });
      const count = c.f.temporary("i32");
      const atMost = (room: I64): void => c.f.if(i64.ltU(room, i64.extendU(count.value)), () => c.f.set(count, i32.wrap(room)));
      c.f.set(count, roomIn(target));
      atMost(left);
      c.f.if(i64.ne(available, 0), () => {
        atMost(available);
        atMost(i64.extendU(roomIn(source)));
      });
      const moved = c.let(i64.extendU(count.value));
      const settle = (): void => {
        c.setGr64("r1", i64.add(target, moved));
        c.setGr64("r1", i64.sub(left, moved), 1);
        c.f.if(i64.ne(left, moved), () => finishWith(c, i32.const(UNFINISHED)));
        c.ccCompareU64(left, available);
        c.finish();
      };
      const firstOf = (host: I32): I32 => i32.sub(i32.add(host, 1), count.value);
      c.f.if(i32.or(i64.eq(left, moved), i32.geU(count.value, LEAST_PROGRESS)), () =>
        withByte(c, target, 1, "write", (to) => {
          c.f.if(i64.eqz(available), () => {
            c.f.memoryFill(firstOf(to), pad, count.value);
            settle();
          });
          withByte(c, source, 3, "read", (from) => {
            c.f.memoryCopy(firstOf(to), firstOf(from), count.value);
            c.setGr64("r3", i64.add(source, moved));
            c.setGr64("r3", i64.sub(available, moved), 1);
            settle();
          });
        }),
      );
    });
    c.helper();
  });
}

function defineTranslate(table: DefinitionTable): void {
  /** The operand of `length` bytes and the whole table, each by the host address of its first byte. */
  const withTable = (c: Context, access: "read" | "write", body: (operand: I32, table: I32, length: I32, address: I64) => void): void => {
    const length = c.let(i32.add(c.field("l"), 1));
    const first = c.address(1);
    const second = c.address(2);
    const operand = c.spanOrZero(first, length, access === "write", 1);
    c.f.if(operand, () => {
      const place = c.spanOrZero(second, i32.const(256), false, 2);
      c.f.if(place, () => body(c.let(i32.sub(i32.add(operand, length), 1)), c.let(i32.add(place, 255)), length, first));
    });
    c.helper();
  };
  table.define("tr", (c) =>
    withTable(c, "write", (operand, place, length) => {
      c.f.call(c.function("translateBytes"), operand, place, length);
      c.finish();
    }),
  );
  table.define("trt", (c) =>
    withTable(c, "read", (operand, place, length, address) => {
      const result = c.let(call("i32", c.function("testBytes"), operand, place, length));
      c.f.if(i32.eqz(result), () => finishWith(c, i32.const(0)));
      c.f.if(c.isMode64(), () => {
        const index = c.let(i32.shrU(result, 8));
        c.setGr64Fixed(1, i64.add(address, i64.extendU(index)));
        c.setGr64Fixed(2, i64.or(i64.and(c.gr64Fixed(2), ~0xffn), i64.and(i64.extendU(result), 0xff)));
        finishWith(c, i32.add(i32.eq(i32.add(index, 1), length), 1));
      });
    }),
  );
}
