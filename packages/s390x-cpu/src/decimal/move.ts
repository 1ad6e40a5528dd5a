/** MOVE NUMERICS, MOVE ZONES and MOVE WITH OFFSET (PoP chapters 7 and 8). Operands may overlap in any way. */
import type { StorageOperand } from "./operand.ts";

/** MVN: the right halves of `length` bytes, left to right. */
export function moveNumerics(first: StorageOperand, second: StorageOperand, length: number): void {
  for (let i = 0; i < length; i++) first.store(i, (first.load(i) & 0xf0) | (second.load(i) & 0x0f));
}

/** MVZ: the left halves of `length` bytes, left to right. */
export function moveZones(first: StorageOperand, second: StorageOperand, length: number): void {
  for (let i = 0; i < length; i++) first.store(i, (first.load(i) & 0x0f) | (second.load(i) & 0xf0));
}

/** MVO: the second operand to the left of the first operand's rightmost half byte, right to left. */
export function moveWithOffset(first: StorageOperand, length1: number, second: StorageOperand, length2: number): void {
  let right = first.load(length1 - 1) & 0x0f;
  let source = length2 - 1;
  for (let i = length1 - 1; i >= 0; i--) {
    const byte = source >= 0 ? second.load(source--) : 0;
    first.store(i, ((byte << 4) & 0xf0) | right);
    right = byte >> 4;
  }
}
