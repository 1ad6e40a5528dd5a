/** What follows an operator's code, besides its operands on the stack. */
export type Immediate =
  | "block"
  | "label"
  | "labels"
  | "function"
  | "signature"
  | "local"
  | "global"
  | "memory"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "v128"
  | "lane"
  | "memory-lane"
  | "lanes"
  /** So many bytes that say nothing where there is one memory. */
  | "one zero"
  | "two zeros";

/** An operator of WebAssembly (core specification, chapter 5.4). */
export interface Operator {
  /** As in the text format. */
  readonly name: string;
  readonly immediate?: Immediate;
  /** Values that it takes from the stack, where that does not depend on types or labels. */
  readonly operands: number;
  readonly hasResult: boolean;
}

/** By code; those with a prefix byte as prefix * 0x1000 + number. */
export const operators: ReadonlyMap<number, Operator> = new Map(allOperators());

/** The code of an operator behind a prefix byte (0xfc or 0xfd). */
export function prefixed(prefix: number, number: number): number {
  return prefix * 0x1000 + number;
}

type Entry = readonly [code: number, operator: Operator];

function* run(code: number, names: string, operands: number, hasResult: boolean, immediate?: Immediate): Generator<Entry> {
  let next = code;
  for (const name of names.trim().split(/\s+/)) {
    if (name !== "-") yield [next, { name, operands, hasResult, ...(immediate && { immediate }) }];
    next++;
  }
}

function withType(type: string, names: string): string {
  return names.replaceAll(/\S+/g, (name) => `${type}.${name}`);
}

function* allOperators(): Generator<Entry> {
  yield* run(0x00, "unreachable nop", 0, false);
  yield* run(0x02, "block loop", 0, false, "block");
  yield* run(0x04, "if", 1, false, "block");
  yield* run(0x05, "else", 0, false);
  yield* run(0x0b, "end", 0, false);
  yield* run(0x0c, "br", 0, false, "label");
  yield* run(0x0d, "br_if", 1, false, "label");
  yield* run(0x0e, "br_table", 1, false, "labels");
  yield* run(0x0f, "return", 0, false);
  yield* run(0x10, "call", 0, false, "function");
  yield* run(0x11, "call_indirect", 1, false, "signature");
  yield* run(0x1a, "drop", 1, false);
  yield* run(0x1b, "select", 3, true);
  yield* run(0x20, "local.get", 0, true, "local");
  yield* run(0x21, "local.set", 1, false, "local");
  yield* run(0x22, "local.tee", 1, true, "local");
  yield* run(0x23, "global.get", 0, true, "global");
  yield* run(0x24, "global.set", 1, false, "global");
  yield* memory();
  yield* run(0x41, "i32.const", 0, true, "i32");
  yield* run(0x42, "i64.const", 0, true, "i64");
  yield* run(0x43, "f32.const", 0, true, "f32");
  yield* run(0x44, "f64.const", 0, true, "f64");
  yield* numeric();
  yield* vector();
}

function* memory(): Generator<Entry> {
  const loads = "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u";
  yield* run(0x28, loads, 1, true, "memory");
  yield* run(0x30, withType("i64", "load8_s load8_u load16_s load16_u load32_s load32_u"), 1, true, "memory");
  const stores = "i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32";
  yield* run(0x36, stores, 2, false, "memory");
  yield* run(prefixed(0xfc, 10), "memory.copy", 3, false, "two zeros");
  yield* run(prefixed(0xfc, 11), "memory.fill", 3, false, "one zero");
}

function* numeric(): Generator<Entry> {
  const integerRelations = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
  const floatRelations = "eq ne lt gt le ge";
  const integerBinary = "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
  const floatUnary = "abs neg ceil floor trunc nearest sqrt";
  const floatBinary = "add sub mul div min max copysign";
  for (const [type, test, first] of [
    ["i32", 0x45, 0x67],
    ["i64", 0x50, 0x79],
  ] as const) {
    yield* run(test, `${type}.eqz`, 1, true);
    yield* run(test + 1, withType(type, integerRelations), 2, true);
    yield* run(first, withType(type, "clz ctz popcnt"), 1, true);
    yield* run(first + 3, withType(type, integerBinary), 2, true);
  }
  for (const [type, relation, first] of [
    ["f32", 0x5b, 0x8b],
    ["f64", 0x61, 0x99],
  ] as const) {
    yield* run(relation, withType(type, floatRelations), 2, true);
    yield* run(first, withType(type, floatUnary), 1, true);
    yield* run(first + 7, withType(type, floatBinary), 2, true);
  }
  const conversions = [
    withType("i32", "wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u"),
    withType("i64", "extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u"),
    withType("f32", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64"),
    withType("f64", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32"),
    "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64",
    "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s",
  ];
  yield* run(0xa7, conversions.join(" "), 1, true);
  const truncations = "trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u";
  yield* run(prefixed(0xfc, 0), `${withType("i32", truncations)} ${withType("i64", truncations)}`, 1, true);
}

/** Vector operators that an emulator of scalar code may use. */
function* vector(): Generator<Entry> {
  const at = (number: number): number => prefixed(0xfd, number);
  const relations = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
  const loads = "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u load8_splat load16_splat load32_splat load64_splat";
  yield* run(at(0), withType("v128", loads), 1, true, "memory");
  yield* run(at(11), "v128.store", 2, false, "memory");
  yield* run(at(12), "v128.const", 0, true, "v128");
  yield* run(at(13), "i8x16.shuffle", 2, true, "lanes");
  yield* run(at(14), "i8x16.swizzle", 2, true);
  yield* run(at(15), "i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat", 1, true);
  yield* run(at(21), "i8x16.extract_lane_s i8x16.extract_lane_u - i16x8.extract_lane_s i16x8.extract_lane_u", 1, true, "lane");
  yield* run(at(27), "i32x4.extract_lane - i64x2.extract_lane - f32x4.extract_lane - f64x2.extract_lane", 1, true, "lane");
  yield* run(at(23), "i8x16.replace_lane - - i16x8.replace_lane - i32x4.replace_lane - i64x2.replace_lane", 2, true, "lane");
  yield* run(at(32), "f32x4.replace_lane - f64x2.replace_lane", 2, true, "lane");
  for (const [type, first] of [
    ["i8x16", 35],
    ["i16x8", 45],
    ["i32x4", 55],
  ] as const)
    yield* run(at(first), withType(type, relations), 2, true);
  yield* run(at(65), `${withType("f32x4", "eq ne lt gt le ge")} ${withType("f64x2", "eq ne lt gt le ge")}`, 2, true);
  yield* run(at(77), "v128.not", 1, true);
  yield* run(at(78), withType("v128", "and andnot or xor"), 2, true);
  yield* run(at(82), "v128.bitselect", 3, true);
  yield* run(at(83), "v128.any_true", 1, true);
  yield* run(at(84), withType("v128", "load8_lane load16_lane load32_lane load64_lane"), 2, true, "memory-lane");
  yield* run(at(88), withType("v128", "store8_lane store16_lane store32_lane store64_lane"), 2, false, "memory-lane");
  yield* run(at(92), withType("v128", "load32_zero load64_zero"), 1, true, "memory");
  yield* run(at(0x60), withType("i8x16", "abs neg popcnt all_true bitmask"), 1, true);
  yield* run(at(0x6b), withType("i8x16", "shl shr_s shr_u add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"), 2, true);
  yield* run(at(0x76), withType("i8x16", "min_s min_u max_s max_u"), 2, true);
  yield* run(at(0x105), "f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd", 3, true);
}
