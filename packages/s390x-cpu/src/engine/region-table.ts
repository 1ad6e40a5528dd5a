import { type FunctionBuilder, type I32, i32 } from "@zarch/wasm-encoder";
import { REGION_HANDLER, REGION_KEY, REGION_RESTING, REGION_SIZE, REGIONS } from "./layout.ts";

const entry = (number: I32): I32 => i32.mul(i32.sub(number, REGION_HANDLER), REGION_SIZE);

/** The handler that an instruction has but for the region that begins there, by the number in its record. */
export function ownHandler(number: I32): I32 {
  return i32.load16U(entry(number), REGIONS);
}

/** The mode key that a region was made for; no key while the region rests. */
export function regionKey(number: I32): I32 {
  return i32.load16U(entry(number), REGIONS + REGION_KEY);
}

/** Ends a region's rest if it rests and was made for the mode of a key. */
export function wakeRegion(f: FunctionBuilder, number: I32, key: I32): void {
  f.if(i32.eq(regionKey(number), i32.or(key, REGION_RESTING)), () => f.storeI32(entry(number), key, 16, REGIONS + REGION_KEY));
}
