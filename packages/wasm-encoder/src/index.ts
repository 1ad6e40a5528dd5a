export { ByteWriter } from "./bytes.ts";
export {
  constF32,
  constF64,
  constI32,
  constI64,
  Expression,
  type F32,
  type F64,
  f32,
  f64,
  type I32,
  type I32Operand,
  type I64,
  type I64Operand,
  i8x16,
  i32,
  i64,
  relaxed,
  select,
  truncSaturating,
  type V128,
  v128,
} from "./expression.ts";
export { call, callIndirect, FunctionBuilder, globalGet, type Label, type Local } from "./function.ts";
export { ModuleBuilder } from "./module.ts";
export type { FunctionType, Limits, ValueType } from "./types.ts";
