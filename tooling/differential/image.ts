import { Assembler } from "../../packages/s390x-isa/src/index.ts";
import { Block, HEADER_SIZE, IMAGE_ORIGIN, imageSize, Slot, slotAddress } from "./layout.ts";
import type { TestProgram } from "./program.ts";

const SIGNALS = { illegal: 4, trap: 5, bus: 7, floatingPoint: 8, segmentation: 11 } as const;
/** Offset of the PSW address in the user context of a Linux signal frame. */
const CONTEXT_PSW_ADDRESS = 48;
const SA_SIGINFO = 0x4;
const SA_ONSTACK = 0x0800_0000;

/** Linux system calls on s390x. */
const Call = { exit: 1, write: 4, rtSigaction: 174, sigaltstack: 186 } as const;

/** Places the programs into an image. The last one goes on to the code that writes the image to standard output. */
export function buildImage(programs: readonly TestProgram[]): Uint8Array {
  const image = new Uint8Array(imageSize(programs.length));
  image.set(header(programs.length));
  for (const [index, program] of programs.entries()) {
    const next = index + 1 < programs.length ? slotAddress(index + 1) : IMAGE_ORIGIN + WRITE_OUT;
    image.set(slot(program, slotAddress(index), next), slotAddress(index) - IMAGE_ORIGIN);
  }
  return image;
}

/** Offset of the code that writes the image out, the only one that calls the supervisor after a program has started. */
const WRITE_OUT = 0x400;
const STACK = 0x1000;

/** Start: handles signals on a stack of its own, then goes to the first program. */
function header(programs: number): Uint8Array {
  const asm = new Assembler({ origin: IMAGE_ORIGIN });
  asm.a("larl", 2, "stack").a("lghi", 3, 0).a("svc", Call.sigaltstack);
  for (const signal of Object.values(SIGNALS))
    asm.a("lghi", 2, signal).a("larl", 3, "action").a("lghi", 4, 0).a("lghi", 5, 8).a("svc", Call.rtSigaction);
  asm.a("jg", slotAddress(0));
  // handler(signal number, information, context): records the trap and goes on at the slot's epilogue.
  asm.label("handler").a("lg", { r1: 1, d2: CONTEXT_PSW_ADDRESS, b2: 4 }).a("lgr", 5, 1);
  // Slots are aligned relative to the first.
  asm.a("slgfi", 5, slotAddress(0)).a("nill", 5, 0xc000).a("algfi", 5, slotAddress(0));
  asm.a("stg", { r1: 2, d2: Slot.trap, b2: 5 }).a("stg", { r1: 1, d2: Slot.trap + 8, b2: 5 });
  asm.a("aghi", 5, Slot.epilogue).a("stg", { r1: 5, d2: CONTEXT_PSW_ADDRESS, b2: 4 }).a("br", 14);
  asm
    .align(8)
    .label("action")
    .quad("handler", SA_SIGINFO | SA_ONSTACK, 0, 0);
  asm
    .label("stack")
    .quad(IMAGE_ORIGIN + STACK)
    .long(0, 0)
    .quad(HEADER_SIZE - STACK);
  asm.org(IMAGE_ORIGIN + WRITE_OUT);
  asm.a("larl", 3, IMAGE_ORIGIN).a("llilf", 4, imageSize(programs));
  asm.label("more").a("lghi", 2, 1).a("svc", Call.write).a("ltgr", 2, 2).a("jnh", "end");
  asm.a("agr", 3, 2).a("sgr", 4, 2).a("jh", "more");
  asm.label("end").a("lghi", 2, 0).a("svc", Call.exit);
  return asm.assemble().bytes;
}

function slot(program: TestProgram, address: number, next: number): Uint8Array {
  const asm = new Assembler({ origin: address, checkPairs: false });
  const block = (offset: number): { d2: number; b2: number } => ({ d2: offset, b2: 1 });
  asm.a("larl", 1, address + Slot.initial);
  for (let n = 0; n < 16; n++) asm.a("ld", { r1: n, ...block(Block.floating + n * 8) });
  asm.a("lam", { r1: 0, r3: 15, ...block(Block.access) }).a("lfpc", block(Block.fpc));
  asm.a("l", { r1: 0, ...block(Block.conditionCode) }).a("spm", 0);
  for (let n = 0; n < 16; n++) asm.a("lgrl", n, address + Slot.initial + Block.general + n * 8);
  program.emit(asm, address);
  if (asm.location > BigInt(address + Slot.epilogue)) throw new RangeError(`program ${program.seed} is too long`);
  asm.a("jg", address + Slot.epilogue).org(address + Slot.epilogue);
  for (let n = 0; n < 16; n++) asm.a("stgrl", n, address + Slot.result + Block.general + n * 8);
  asm
    .a("larl", 1, address + Slot.result)
    .a("ipm", 2)
    .a("st", { r1: 2, ...block(Block.conditionCode) });
  for (let n = 0; n < 16; n++) asm.a("std", { r1: n, ...block(Block.floating + n * 8) });
  asm.a("stam", { r1: 0, r3: 15, ...block(Block.access) }).a("stfpc", block(Block.fpc));
  asm.a("lghi", 0, 0).a("spm", 0).a("jg", next);
  asm.org(address + Slot.initial).bytes(program.initial(address));
  asm.org(address + Slot.data).bytes(program.data);
  return asm.assemble().bytes;
}
