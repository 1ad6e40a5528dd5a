import { Block, FIRST_SLOT, IMAGE_ORIGIN, MAXIMUM_INSTRUCTIONS, SLOT_SIZE, Slot } from "./layout.ts";

/** Differences between two images of which both CPUs ran the programs, by slot, in words for people. */
export function differences(expected: Uint8Array, actual: Uint8Array): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const first = FIRST_SLOT - IMAGE_ORIGIN;
  for (let slot = 0; first + slot * SLOT_SIZE < expected.length; slot++) {
    const at = first + slot * SLOT_SIZE;
    const lines = slotDifferences(expected.subarray(at, at + SLOT_SIZE), actual.subarray(at, at + SLOT_SIZE));
    if (lines.length > 0) found.set(slot, lines);
  }
  return found;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function slotDifferences(expected: Uint8Array, actual: Uint8Array): string[] {
  const lines: string[] = [];
  const field = (name: string, at: number, size: number): void => {
    const [a, b] = [hex(expected.subarray(at, at + size)), hex(actual.subarray(at, at + size))];
    if (a !== b) lines.push(`${name}: expected ${a}, got ${b}`);
  };
  for (let n = 0; n < 16; n++) field(`r${n}`, Slot.result + Block.general + n * 8, 8);
  for (let n = 0; n < 16; n++) field(`f${n}`, Slot.result + Block.floating + n * 8, 8);
  for (let n = 0; n < 16; n++) field(`a${n}`, Slot.result + Block.access + n * 4, 4);
  field("fpc", Slot.result + Block.fpc, 4);
  field("program mask and condition code", Slot.result + Block.conditionCode, 4);
  field("signal", Slot.trap, 8);
  field("address of the trap", Slot.trap + 8, 8);
  for (let i = 0; i < MAXIMUM_INSTRUCTIONS; i++) field(`condition code ${i}`, Slot.conditionCodes + i * 4, 4);
  for (let at = Slot.data; at < Slot.dataEnd; at += 16) field(`storage ${at.toString(16)}`, at, 16);
  return lines;
}

/** A number that stands for the final state of one slot (FNV-1a over everything behind the code). */
export function slotHash(image: Uint8Array, slot: number): number {
  const at = FIRST_SLOT - IMAGE_ORIGIN + slot * SLOT_SIZE;
  let hash = 0x811c_9dc5;
  for (let i = at + Slot.result; i < at + SLOT_SIZE; i++) hash = Math.imul(hash ^ image[i]!, 0x0100_0193);
  return hash >>> 0;
}
