/**
 * The decimal instructions of z/Architecture (PoP chapter 8, and the conversions of chapter 7), as functions that know no
 * CPU: operands are given as {@link StorageOperand}, whatever is not in storage is in a {@link DecimalResult}.
 */
export * from "./arithmetic.ts";
export * from "./convert.ts";
export * from "./edit.ts";
export * from "./move.ts";
export * from "./operand.ts";
export * from "./pack.ts";
