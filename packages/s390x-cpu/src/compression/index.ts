/**
 * COMPRESSION CALL (PoP chapter 7; dictionaries as in SA22-7208, "Data Compression"), as functions that know no CPU. All
 * storage is big-endian.
 */
export { compress } from "./compress.ts";
export { expand } from "./expand.ts";
export { type CompressionOperands, CompressionResult, type FetchedOperand } from "./operation.ts";
