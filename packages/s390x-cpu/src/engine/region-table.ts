import { type I32, i32 } from "@zarch/wasm-encoder";
import { REGION_HANDLER, REGION_KEY, REGION_SIZE, REGIONS } from "./layout.ts";

const entry = (number: I32): I32 => i32.mul(i32.sub(number, REGION_HANDLER), REGION_SIZE);

/** The handler that an instruction has but for the region that begins there, by the number in its record. */
export function ownHandler(number: I32): I32 {
  return i32.load16U(entry(number), REGIONS);
}

/** The mode key that a region was made for. */
export function regionKey(number: I32): I32 {
  return i32.load16U(entry(number), REGIONS + REGION_KEY);
}
