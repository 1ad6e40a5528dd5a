import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import { ProgramCode } from "./context.ts";
import { instructionBytes } from "./decoder.ts";
import type { FunctionSet } from "./functions.ts";
import { FixedHandler, type Handler, type HandlerSet } from "./handlers.ts";
import {
  ADDRESS_MASK,
  BANK,
  EXECUTE_ADDRESS,
  EXECUTE_KINDS,
  EXECUTE_LENGTH,
  EXECUTE_RECORD,
  EXIT,
  ExitReason,
  type MemoryLayout,
  PC_DELTA,
  PROGRAM_CODE,
  RECORD_PAGE_FRAME,
  RECORD_SIZE,
  REGION_HANDLER,
  RELATIVE_ADJUST,
  TLB_FETCH,
} from "./layout.ts";
import { LENGTH_SLOT, recordLayout } from "./records.ts";
import { ownHandler } from "./region-table.ts";
import { fetchIndex } from "./storage.ts";

const at = (address: number): I32 => i32.const(address);

/**
 * How EXECUTE may use a predecoded record of its target. A value of 3 or more is the offset of the byte slot that bits 8-15
 * of the instruction went to, which then takes the modifier.
 */
const ExecuteKind = {
  /** Not at all: relative fields count from the target. It is decoded from its text each time. */
  text: 0,
  /** As it is, when there is nothing to OR into it. */
  unmodified: 1,
  /** EXECUTE of EXECUTE. */
  refused: 2,
} as const;

function executeKind({ instruction }: Handler): number {
  if (instruction.mnemonic === "ex" || instruction.mnemonic === "exrl") return ExecuteKind.refused;
  const slots = [...recordLayout(instruction.format).values()];
  if (slots.some(({ spec }) => spec.kind === "relative")) return ExecuteKind.text;
  const byte = slots.find(({ spec }) => spec.width === 8 && spec.parts.length === 1 && spec.parts[0]!.bit === 8);
  return byte ? byte.offset : ExecuteKind.unmodified;
}

export function declareExecute(functions: FunctionSet): void {
  functions.declare("execute", ["i64", "i32", "i32"], "i32");
}

/**
 * execute(target, modifier, record): puts the target of EXECUTE, with the modifier ORed into its second byte, into
 * EXECUTE_RECORD. Returns that record, or 0 with a prepared program interruption. The target's own record is copied where
 * that will do.
 *
 * @returns the table to be written at EXECUTE_KINDS
 */
export function defineExecute(functions: FunctionSet, handlers: HandlerSet, layout: MemoryLayout): Uint8Array {
  functions.define("execute", ["i64", "i32", "i32"], "i32", (f) => {
    const target = f.param(0, "i64").value;
    const modifier = f.param(1, "i32").value;
    const record = f.param(2, "i32").value;
    const refuse = (code?: number): void => {
      if (code) f.storeI32(at(PROGRAM_CODE), code);
      f.storeI32(at(EXIT), ExitReason.program);
      f.return(i32.const(0));
    };
    f.if(i32.wrap(i64.and(target, 1)), () => refuse(ProgramCode.specification));
    // Taken before a new page of records may make all others invalid, that of this instruction among them.
    const address = f.let(i64.add(i64.load(at(PC_DELTA)), i64.extendU(i32.shrU(record, 3))));
    const ownLength = f.let(i32.load8U(record, LENGTH_SLOT));
    /** Sets what goes with a record at EXECUTE_RECORD. Its apparent address makes the instruction behind it the one behind the EXECUTE. */
    const enter = (length: I32): I64 => {
      const apparent = f.let(i64.add(address, i64.extendS(i32.sub(ownLength, length))));
      f.storeI64(at(EXECUTE_ADDRESS), address);
      f.storeI32(at(EXECUTE_LENGTH), ownLength);
      for (let slot = 1; slot <= 3; slot++) f.storeI32(at(EXECUTE_RECORD), FixedHandler.pageEnd, 16, slot * RECORD_SIZE);
      f.storeI64(at(PC_DELTA), i64.sub(apparent, EXECUTE_RECORD / 8));
      return apparent;
    };

    const page = f.local("i32");
    const entry = f.let(i32.add(i32.load(at(BANK)), fetchIndex(target)));
    f.if(
      i64.gtU(i64.sub(target, i64.load(entry, TLB_FETCH)), 4095),
      () => {
        f.set(page, functions.callI32("fetchMiss", target));
        f.if(i32.eqz(page.value), () => refuse());
      },
      () => f.set(page, i32.load(entry, TLB_FETCH + 8)),
    );
    const offset = f.let(i32.and(i32.wrap(target), 0xffe));
    const top = f.let(i32.sub(i32.const(layout.top), i32.shl(i32.load(page.value, RECORD_PAGE_FRAME), 12)));
    const bytes = f.let(instructionBytes(i32.load8U(i32.sub(top, offset))));
    f.if(i32.leU(i32.add(offset, bytes), 4096), () => {
      const own = f.let(i32.add(page.value, i32.shl(offset, 3)));
      f.if(i32.eqz(i32.load16U(own)), () => f.call(functions.index("decodeInPage"), page.value, offset, top));
      const handler = f.local("i32");
      f.set(handler, i32.load16U(own));
      // Where a region is entered, the instruction's own handler is beside it.
      f.if(i32.geU(handler.value, REGION_HANDLER), () => f.set(handler, ownHandler(handler.value)));
      const kind = f.let(i32.load8U(handler.value, EXECUTE_KINDS));
      f.if(i32.eq(kind, ExecuteKind.refused), () => refuse(ProgramCode.execute));
      const slot = i32.gtU(kind, ExecuteKind.refused);
      f.if(i32.or(slot, i32.and(i32.eq(kind, ExecuteKind.unmodified), i32.eqz(modifier))), () => {
        f.storeI64(at(EXECUTE_RECORD), i64.load(own));
        f.storeI64(at(EXECUTE_RECORD), i64.load(own, 8), 64, 8);
        f.storeI32(at(EXECUTE_RECORD), handler.value, 16);
        f.if(modifier, () => f.storeI32(kind, i32.or(i32.load8U(kind, EXECUTE_RECORD), modifier), 8, EXECUTE_RECORD));
        f.drop(enter(bytes));
        f.return(at(EXECUTE_RECORD));
      });
    });

    const first = f.let(functions.callI64("resolveFetch", target) as I64);
    f.if(i64.eq(first, -1), () => refuse());
    const room = f.let(i32.sub(4096, i32.and(i32.wrap(target), 0xfff)));
    const host = f.let(i32.sub(i32.const(layout.top), i32.wrap(first)));
    const length = f.let(instructionBytes(i32.load8U(host)));
    const text = f.local("i64");
    f.if(
      i32.geU(room, 8),
      () => f.set(text, i64.load(i32.sub(host, 7))),
      () => {
        const second = f.local("i64");
        f.if(i32.ltU(room, length), () => {
          const next = i64.and(i64.add(target, i64.extendU(room)), i64.load(at(ADDRESS_MASK)));
          f.set(second, functions.callI64("resolveFetch", next) as I64);
          f.if(i64.eq(second.value, -1), () => refuse());
        });
        const i = f.local("i32");
        f.loop((again) => {
          const byte = select(
            i64.load8U(i32.sub(host, i.value)),
            i64.load8U(i32.sub(i32.const(layout.top), i32.add(i32.wrap(second.value), i32.sub(i.value, room)))),
            i32.ltU(i.value, room),
          );
          f.set(text, i64.or(i64.shl(text.value, 8), byte));
          f.set(i, i32.add(i.value, 1));
          f.brIf(again, i32.ltU(i.value, length));
        });
        f.set(text, i64.shl(text.value, i64.extendU(i32.sub(64, i32.shl(length, 3)))));
      },
    );
    // EXECUTE of EXECUTE.
    const halfword = f.let(i32.wrap(i64.shrU(text.value, 48)));
    f.if(i32.or(i32.eq(i32.shrU(halfword, 8), 0x44), i32.eq(i32.and(halfword, 0xff0f), 0xc600)), () => refuse(ProgramCode.execute));
    const apparent = enter(length);
    f.storeI64(at(RELATIVE_ADJUST), i64.sub(target, apparent));
    f.call(functions.index("decodeText"), i64.or(text.value, i64.shl(i64.extendU(modifier), 48)), at(EXECUTE_RECORD), i32.const(-1));
    f.push(at(EXECUTE_RECORD));
  });
  const kinds = new Uint8Array(handlers.handlers.length + 4);
  kinds[FixedHandler.operation] = ExecuteKind.text;
  kinds[FixedHandler.specification] = ExecuteKind.text;
  for (const handler of handlers.handlers) kinds[handler.number] = executeKind(handler);
  return kinds;
}
