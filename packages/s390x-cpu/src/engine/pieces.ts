import { type FunctionBuilder, type I32, type I64, i8x16, i32, i64, v128 } from "@zarch/wasm-encoder";

/**
 * Spans of reversed storage of a length that is known while compiling, in a few loads and stores. A span is given by the host address of its
 * last guest byte, where it begins in host order.
 */
interface Piece {
  /** From the host address of the span. */
  readonly offset: number;
  readonly bytes: 1 | 2 | 4 | 8 | 16;
}

/** What a span consists of, in guest order; the last two pieces may overlap. */
export function pieces(length: number): readonly Piece[] {
  if (length === 3)
    return [
      { offset: 1, bytes: 2 },
      { offset: 0, bytes: 1 },
    ];
  const bytes = length >= 16 ? 16 : length >= 8 ? 8 : length >= 4 ? 4 : length >= 2 ? 2 : 1;
  return Array.from({ length: Math.ceil(length / bytes) }, (_, i) => ({ offset: Math.max(length - (i + 1) * bytes, 0), bytes }));
}

/** Whether a byte-by-byte move from left to right reads bytes that it stored. */
export function isDestructive(target: I32, source: I32, length: number): I32 {
  return length === 1 ? i32.const(0) : i32.ltU(i32.sub(i32.sub(source, target), 1), length - 1);
}

/** Copies a span; not a destructive move. */
export function copyInPieces(f: FunctionBuilder, target: I32, source: I32, length: number): void {
  const all = [...pieces(length)];
  const last = all.pop()!;
  // The last piece may reach back to bytes that are overwritten by then.
  const storeLast = copyPiece(f, target, source, last);
  for (const piece of all) copyPiece(f, target, source, piece)();
  storeLast();
}

/** Loads a piece now; the function stores it. */
function copyPiece(f: FunctionBuilder, target: I32, source: I32, { offset, bytes }: Piece): () => void {
  if (bytes === 16) {
    const value = f.let(v128.load(source, offset));
    return () => f.storeV128(target, value, offset);
  }
  const value = f.let(loadPiece(source, offset, bytes));
  return () => f.storeI64(target, value, (bytes * 8) as 8 | 16 | 32 | 64, offset);
}

export function clearInPieces(f: FunctionBuilder, target: I32, length: number): void {
  const zero = length >= 16 ? f.let(i8x16.splat(i32.const(0))) : undefined;
  for (const { offset, bytes } of pieces(length)) {
    if (zero) f.storeV128(target, zero, offset);
    else f.storeI64(target, 0, (bytes * 8) as 8 | 16 | 32 | 64, offset);
  }
}

/** A span of up to 8 bytes as a number, its first byte leftmost. Storage to the right of it may be looked at. */
export function loadBytes(host: I32, length: number): I64 {
  const [piece, ...others] = pieces(length);
  if (others.length === 0) return loadPiece(host, 0, piece!.bytes as 1 | 2 | 4 | 8);
  return i64.shrU(i64.load(i32.sub(host, 8 - length)), 64 - length * 8);
}

function loadPiece(host: I32, offset: number, bytes: 1 | 2 | 4 | 8): I64 {
  if (bytes === 8) return i64.load(host, offset);
  if (bytes === 4) return i64.load32U(host, offset);
  return bytes === 2 ? i64.load16U(host, offset) : i64.load8U(host, offset);
}
