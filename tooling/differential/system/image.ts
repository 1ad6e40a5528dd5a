import { Assembler } from "../../../packages/s390x-isa/src/index.ts";
import { Random } from "../random.ts";
import {
  FRAMES_SIZE,
  MAXIMUM_PROGRAMS,
  ORIGIN,
  SEGMENT_TABLES,
  SHARED_PAGE_TABLES,
  SLOT_SIZE,
  Slot,
  slotAddress,
  TEMPLATE,
  WINDOW_PAGE_TABLES,
} from "./layout.ts";
import type { SystemProgram } from "./program.ts";
import { runtime } from "./runtime.ts";

const PAGE_INVALID = 0x400n;
const SEGMENT_INVALID = 0x20n;
/** Segments of 1 MiB that are at their real addresses in all spaces. */
const SHARED_SEGMENTS = 8;

/** Runtime, tables, data and programs: what goes to ORIGIN in both machines. */
export function buildImage(programs: readonly SystemProgram[]): Uint8Array {
  if (programs.length > MAXIMUM_PROGRAMS) throw new RangeError(`${programs.length} programs are too many`);
  const image = new Uint8Array(slotAddress(programs.length) - ORIGIN);
  image.set(runtime(programs.length));
  const view = new DataView(image.buffer);
  const entry = (address: number, value: bigint): void => view.setBigUint64(address - ORIGIN, value);
  for (let space = 0; space < 3; space++) {
    const segments = SEGMENT_TABLES + space * 0x1000;
    for (let n = 0; n < 512; n++) entry(segments + n * 8, SEGMENT_INVALID);
    for (let n = 0; n < SHARED_SEGMENTS; n++) entry(segments + n * 8, BigInt(SHARED_PAGE_TABLES + n * 0x800));
    for (let page = 0; page < 256; page++) entry(WINDOW_PAGE_TABLES + space * 0x800 + page * 8, PAGE_INVALID);
  }
  for (let page = 0; page < SHARED_SEGMENTS * 256; page++) entry(SHARED_PAGE_TABLES + page * 8, BigInt(page) << 12n);
  const random = new Random(0x7e39_1a7e);
  for (let i = 0; i < FRAMES_SIZE; i += 4) view.setUint32(TEMPLATE - ORIGIN + i, random.next());
  for (const [index, program] of programs.entries()) image.set(slot(program, slotAddress(index)), slotAddress(index) - ORIGIN);
  return image;
}

function slot(program: SystemProgram, address: number): Uint8Array {
  const asm = new Assembler({ origin: address, checkPairs: false });
  const { resume, constants } = program.emit(asm);
  if (asm.location > BigInt(address + Slot.resume)) throw new RangeError(`program ${program.seed} is too long`);
  asm.space(address + Slot.resume - Number(asm.location)).quad(...resume);
  asm.org(address + Slot.general).bytes(program.initial);
  asm.org(address + Slot.tables).bytes(program.tables);
  asm.org(address + Slot.constants).quad(...constants);
  asm.org(address + SLOT_SIZE);
  return asm.assemble().bytes;
}
