import { type F32, type F64, FunctionBuilder, ModuleBuilder, relaxed } from "@zarch/wasm-encoder";

let known: boolean | undefined;

/**
 * Whether the host's relaxed multiply-add rounds once, so that it may serve for MULTIPLY AND ADD. Either way of rounding is
 * allowed, but a host must not change it. Found out by trying, once.
 */
export function hostFusesMultiplyAdd(): boolean {
  known ??= tryOut();
  return known;
}

function tryOut(): boolean {
  const module = new ModuleBuilder();
  const long = new FunctionBuilder({ params: ["f64", "f64", "f64"], results: ["f64"] });
  const parameter64 = (index: number): F64 => long.param(index, "f64").value;
  long.push(relaxed.f64MultiplyAdd(parameter64(0), parameter64(1), parameter64(2)));
  const short = new FunctionBuilder({ params: ["f32", "f32", "f32"], results: ["f32"] });
  const parameter32 = (index: number): F32 => short.param(index, "f32").value;
  short.push(relaxed.f32MultiplyAdd(parameter32(0), parameter32(1), parameter32(2)));
  for (const [name, f] of [
    ["long", long],
    ["short", short],
  ] as const) {
    const index = module.declare(f.type);
    module.define(index, f.locals, f.code);
    module.exportFunction(name, index);
  }
  const bytes = module.toBytes();
  if (!WebAssembly.validate(bytes)) return false;
  type MultiplyAdd = (a: number, b: number, c: number) => number;
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Record<"long" | "short", MultiplyAdd>;
  // (1 + e)(1 - e) - 1 is minus the square of e; a product that is rounded before the sum makes it zero.
  const isFused = (multiplyAdd: MultiplyAdd, e: number): boolean => multiplyAdd(1 + e, 1 - e, -1) === -(e * e);
  return isFused(exports.long, 2 ** -30) && isFused(exports.short, 2 ** -14);
}
