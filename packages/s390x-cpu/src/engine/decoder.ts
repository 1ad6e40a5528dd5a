import { type FieldSpec, type Format, type Instruction, opcodeGroups } from "@zarch/s390x-isa";
import { type FunctionBuilder, type I32, type I64, i32, i64, type Label, type Local, select } from "@zarch/wasm-encoder";
import type { FunctionSet } from "./functions.ts";
import { FixedHandler, type HandlerSet } from "./handlers.ts";
import {
  ADDRESS_MASK,
  CODE_TOP,
  CROSSING_RECORD,
  DECODER,
  type MemoryLayout,
  PC_DELTA,
  PROGRAM_LENGTH,
  PSW_ADDRESS,
  RECORD_PAGE,
  RECORD_PAGE_LINES,
  RECORD_PAGE_STORES,
  RECORD_SIZE,
  RELATIVE_ADJUST,
} from "./layout.ts";
import { LENGTH_SLOT, NO_REGISTER, RELATIVE_SLOT, recordLayout, slotScale } from "./records.ts";

const at = (address: number): I32 => i32.const(address);

/** First table: 256 words by first byte: place of the extension (0 none, 1 bits 8-15, 2 bits 12-15, 3 bits 40-47) << 16 | index. */
const GROUPS = DECODER;
/** Second table: doublewords: handler (u16), format number (u8), flags (u8), special number (u16). */
const ENTRIES = DECODER + 1024;
const ENTRY_SIZE = 8;
const FLAG_NEAR = 1;

interface DecoderTables {
  readonly bytes: Uint8Array;
  readonly formats: readonly Format[];
  readonly specials: readonly number[];
}

function buildTables(set: HandlerSet, isEnabled: (instruction: Instruction) => boolean, byId: readonly Instruction[]): DecoderTables {
  const formats: Format[] = [];
  const specials: number[] = [];
  const entries: { handler: number; format: number; flags: number; special: number }[] = [
    { handler: FixedHandler.operation, format: 0, flags: 0, special: 0 },
  ];
  const groups = new Uint32Array(256);
  const entryOf = (id: number): number => {
    const first = id < 0 ? undefined : set.first.get(id);
    const instruction = byId[id];
    if (!first || !instruction || !isEnabled(instruction)) return 0;
    let format = formats.indexOf(instruction.format);
    if (format < 0) format = formats.push(instruction.format) - 1;
    const special = set.specialized.has(id) ? specials.push(id) : 0;
    const near = set.handlers.some((each) => each.near && each.instruction === instruction);
    return entries.push({ handler: first.number, format: format + 1, flags: near ? FLAG_NEAR : 0, special }) - 1;
  };
  const wide: number[][] = [];
  for (const [firstByte, group] of opcodeGroups.entries()) {
    if (!group) continue;
    if (!group.extension) {
      groups[firstByte] = entryOf(group.ids[0]!);
      continue;
    }
    const kind = group.extension.bit === 8 ? 1 : group.extension.bit === 12 ? 2 : 3;
    const indices = Array.from(group.ids, entryOf);
    const placed = wide.push(indices) - 1;
    groups[firstByte] = (kind << 16) | placed;
  }
  // Third part: for each extended first byte a list of entry numbers (u16).
  const listBase = ENTRIES + entries.length * ENTRY_SIZE - DECODER;
  const total = listBase + wide.reduce((sum, list) => sum + list.length * 2, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let list = listBase;
  const starts = wide.map((indices) => {
    const start = list;
    for (const [index, entry] of indices.entries()) view.setUint16(start + index * 2, entry, true);
    list += indices.length * 2;
    return start;
  });
  for (let firstByte = 0; firstByte < 256; firstByte++) {
    const group = groups[firstByte]!;
    const kind = group >>> 16;
    view.setUint32(firstByte * 4, kind ? (kind << 24) | (DECODER + starts[group & 0xffff]!) : group, true);
  }
  for (const [index, entry] of entries.entries()) {
    const offset = 1024 + index * ENTRY_SIZE;
    view.setUint16(offset, entry.handler, true);
    view.setUint8(offset + 2, entry.format);
    view.setUint8(offset + 3, entry.flags);
    view.setUint16(offset + 4, entry.special, true);
  }
  return { bytes, formats, specials };
}

/** Length of an instruction from its first byte: bits 0-1 are 00 for two bytes, 01 and 10 for four, 11 for six. */
export function instructionBytes(firstByte: I32): I32 {
  return i32.shl(i32.add(i32.shrU(i32.add(i32.shrU(firstByte, 6), 1), 1), 1), 1);
}

/** Bits of a field, right-aligned, from instruction text that is left-aligned in 64 bits. */
function fieldValue(text: I64, spec: FieldSpec): I32 {
  let value: I32 | undefined;
  for (const part of spec.parts) {
    const bits = i32.and(i32.wrap(i64.shrU(text, 64 - part.bit - part.length)), part.length === 32 ? -1 : (1 << part.length) - 1);
    value = value ? i32.or(i32.shl(value, part.length), bits) : bits;
  }
  return value!;
}

function signExtend(value: I32, width: number): I32 {
  return i32.shrS(i32.shl(value, 32 - width), 32 - width);
}

export function declareDecoder(functions: FunctionSet): void {
  functions.declare("decodeText", ["i64", "i32", "i32"]);
  functions.declare("decodeInPage", ["i32", "i32", "i32"]);
  functions.declare("decodeAt", ["i32"], "i32");
}

/** @returns the tables, to be written at DECODER before the engine runs */
export function defineDecoder(
  functions: FunctionSet,
  set: HandlerSet,
  byId: readonly Instruction[],
  isEnabled: (instruction: Instruction) => boolean,
  layout: MemoryLayout,
): Uint8Array {
  const tables = buildTables(set, isEnabled, byId);
  defineDecodeText(functions, set, tables);
  defineDecodeInPage(functions);
  defineDecodeAt(functions, layout);
  return tables.bytes;
}

/**
 * decodeText(text, record, offset): fills a record from left-aligned instruction text. `offset` is the instruction's
 * offset in its page, or -1 when relative branches must not be taken within the page.
 */
function defineDecodeText(functions: FunctionSet, set: HandlerSet, tables: DecoderTables): void {
  functions.define("decodeText", ["i64", "i32", "i32"], undefined, (f) => {
    const text = f.param(0, "i64").value;
    const record = f.param(1, "i32").value;
    const offset = f.param(2, "i32").value;
    const firstByte = f.let(i32.wrap(i64.shrU(text, 56)));
    const group = f.let(i32.load(i32.add(i32.const(GROUPS), i32.shl(firstByte, 2))));
    const entry = f.local("i32");
    const kind = f.let(i32.shrU(group, 24));
    f.if(
      i32.eqz(kind),
      () => f.set(entry, group),
      () => {
        const extension = f.local("i32");
        f.if(i32.eq(kind, 1), () => f.set(extension, i32.and(i32.wrap(i64.shrU(text, 48)), 0xff)));
        f.if(i32.eq(kind, 2), () => f.set(extension, i32.and(i32.wrap(i64.shrU(text, 48)), 0xf)));
        f.if(i32.eq(kind, 3), () => f.set(extension, i32.and(i32.wrap(i64.shrU(text, 16)), 0xff)));
        f.set(entry, i32.load16U(i32.add(i32.and(group, 0xffffff), i32.shl(extension.value, 1))));
      },
    );
    const entryAddress = f.let(i32.add(i32.const(ENTRIES), i32.mul(entry.value, ENTRY_SIZE)));
    const handler = f.local("i32");
    f.set(handler, i32.load16U(entryAddress));
    f.storeI64(record, 0);
    f.storeI64(record, 0, 64, 8);
    f.storeI32(record, instructionBytes(firstByte), 8, LENGTH_SLOT);
    const adjust = f.local("i64");
    f.if(i32.ltS(offset, 0), () => f.set(adjust, i64.load(at(RELATIVE_ADJUST))));

    f.block((done) => {
      const extract = (index: number, labels: readonly Label[]): void => {
        if (index === tables.formats.length) {
          f.block((none) => {
            f.brTable(i32.load8U(entryAddress, 2), [none, ...labels.toReversed()], none);
          });
          f.br(done);
          return;
        }
        f.block((label) => extract(index + 1, [label, ...labels]));
        f.scope(() => extractFields(f, tables.formats[index]!, text, record, handler, adjust.value));
        f.br(done);
      };
      extract(0, []);
    });

    f.if(i32.ne(i32.load16U(entryAddress, 4), 0), () => chooseSpecial(f, set, tables, entryAddress, record, handler));
    f.if(i32.and(i32.load8U(entryAddress, 3), i32.geS(offset, 0)), () => {
      const relative = f.let(i64.load(record, RELATIVE_SLOT));
      f.if(i64.ltU(i64.add(i64.extendU(offset), relative), 4096), () => {
        f.set(handler, i32.add(handler.value, 1));
        f.storeI64(record, i64.shl(relative, 3), 64, RELATIVE_SLOT);
      });
    });
    f.storeI32(record, handler.value, 16);
  });
}

function extractFields(f: FunctionBuilder, format: Format, text: I64, record: I32, handler: Local<"i32">, adjust: I64): void {
  for (const { spec, offset, size } of recordLayout(format).values()) {
    const raw = fieldValue(text, spec);
    if (spec.kind === "base" || spec.kind === "index") {
      const number = f.let(raw);
      f.storeI32(record, select(i32.shl(number, 3), i32.const(NO_REGISTER), number), 8, offset);
    } else if (spec.kind === "relative") {
      f.storeI64(record, i64.add(i64.shl(i64.extendS(signExtend(raw, spec.width)), 1), adjust), 64, offset);
    } else if (size === 1) {
      f.storeI32(record, i32.mul(raw, slotScale(spec)), 8, offset);
    } else {
      f.storeI32(record, spec.kind === "displacement" && spec.signed ? signExtend(raw, spec.width) : raw, 32, offset);
    }
    if (spec.pair) {
      const odd = i32.and(raw, spec.kind === "fr" ? 2 : 1);
      f.if(odd, () => f.set(handler, i32.const(FixedHandler.specification)));
    }
  }
}

/** Replaces the handler by a specialised one where a field has the wanted value. */
function chooseSpecial(f: FunctionBuilder, set: HandlerSet, tables: DecoderTables, entry: I32, record: I32, handler: Local<"i32">): void {
  const number = f.let(i32.load16U(entry, 4));
  for (const [index, id] of tables.specials.entries()) {
    f.if(i32.eq(number, index + 1), () => {
      for (const { when, handler: chosen } of set.specialized.get(id)!) {
        const slot = recordLayout(chosen.instruction.format).get(when.field)!;
        const expected = when.equals * slotScale(slot.spec);
        const wanted = slot.spec.kind === "base" || slot.spec.kind === "index" ? (when.equals === 0 ? NO_REGISTER : expected) : expected;
        const value = slot.size === 1 ? i32.load8U(record, slot.offset) : i32.load(record, slot.offset);
        // The first specialisation that fits wins; the check on the handler keeps a later one from undoing it.
        const generic = set.first.get(id)!.number;
        f.if(i32.and(i32.eq(value, wanted), i32.eq(handler.value, generic)), () => f.set(handler, i32.const(chosen.number)));
      }
    });
  }
}

/** decodeInPage(page of records, offset, host address of the frame's first byte): decodes an instruction that lies in one page. */
function defineDecodeInPage(functions: FunctionSet): void {
  functions.define("decodeInPage", ["i32", "i32", "i32"], undefined, (f) => {
    const page = f.param(0, "i32").value;
    const offset = f.param(1, "i32").value;
    const top = f.param(2, "i32").value;
    const host = f.let(i32.sub(top, offset));
    const end = f.let(i32.add(offset, instructionBytes(i32.load8U(host))));
    // Eight bytes from the instruction on, less the ones behind the end of the page, which decoding ignores.
    const available = f.let(i32.sub(4096, offset));
    const text = f.local("i64");
    f.if(
      i32.geU(available, 8),
      () => f.set(text, i64.load(i32.sub(host, 7))),
      () => {
        const missing = f.let(i32.sub(8, available));
        f.set(text, i64.shl(i64.load(i32.sub(host, i32.sub(available, 1))), i64.extendU(i32.shl(missing, 3))));
      },
    );
    f.call(functions.index("decodeText"), text.value, i32.add(page, i32.shl(offset, 3)), offset);
    const first = i64.shl(1, i64.extendU(i32.shrU(offset, 6)));
    const last = i64.shl(1, i64.extendU(i32.shrU(i32.sub(end, 1), 6)));
    f.storeI64(page, i64.or(i64.load(page, RECORD_PAGE_LINES), i64.or(first, last)), 64, RECORD_PAGE_LINES);
    f.storeI32(page, 0, 32, RECORD_PAGE_STORES);
  });
}

/**
 * decodeAt(record): handler 0. Decodes the instruction that a record of the current page stands for. Returns the record to
 * go on with: the same, or CROSSING_RECORD for an instruction that reaches into the next page; 0 when the fetch is refused.
 */
function defineDecodeAt(functions: FunctionSet, layout: MemoryLayout): void {
  functions.define("decodeAt", ["i32"], "i32", (f) => {
    const record = f.param(0, "i32").value;
    const page = f.let(i32.load(at(RECORD_PAGE)));
    const offset = f.let(i32.shrU(i32.sub(record, page), 3));
    const top = f.let(i32.load(at(CODE_TOP)));
    const firstByte = i32.load8U(i32.sub(top, offset));
    const length = f.let(instructionBytes(firstByte));
    const end = f.let(i32.add(offset, length));
    f.if(i32.leU(end, 4096), () => {
      f.call(functions.index("decodeInPage"), page, offset, top);
      f.return(record);
    });
    // The rest lies in the next page, whose translation may change at any time: decoded anew at each execution.
    const address = f.let(i64.add(i64.load(at(PC_DELTA)), i64.extendU(i32.shrU(record, 3))));
    const room = f.let(i32.sub(4096, offset));
    const next = f.let(i64.and(i64.add(address, i64.extendU(room)), i64.load(at(ADDRESS_MASK))));
    const absolute = f.let(functions.callI64("resolveFetch", next) as I64);
    f.if(i64.eq(absolute, -1), () => {
      f.storeI64(at(PSW_ADDRESS), address);
      f.storeI32(at(PROGRAM_LENGTH), length);
      f.return(i32.const(0));
    });
    const text = f.local("i64");
    const here = f.local("i32");
    f.loop((again) => {
      const byte = select(
        i64.load8U(i32.sub(i32.sub(top, offset), here.value)),
        i64.load8U(i32.sub(i32.const(layout.top), i32.add(i32.wrap(absolute), i32.sub(here.value, room)))),
        i32.ltU(here.value, room),
      );
      f.set(text, i64.or(i64.shl(text.value, 8), byte));
      f.set(here, i32.add(here.value, 1));
      f.brIf(again, i32.ltU(here.value, length));
    });
    const left = i64.shl(text.value, i64.extendU(i32.sub(64, i32.shl(length, 3))));
    f.storeI64(at(RELATIVE_ADJUST), 0);
    f.call(functions.index("decodeText"), left, at(CROSSING_RECORD), i32.const(-1));
    for (let slot = 1; slot <= 3; slot++) f.storeI32(at(CROSSING_RECORD), FixedHandler.pageEnd, 16, slot * RECORD_SIZE);
    f.storeI64(at(PC_DELTA), i64.sub(address, CROSSING_RECORD / 8));
    f.push(at(CROSSING_RECORD));
  });
}
