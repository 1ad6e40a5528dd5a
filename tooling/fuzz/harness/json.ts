import type { ByteInput } from "./byte-input.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What somebody might put into a saved state. */
function wildValue(input: ByteInput): Json {
  const choices: readonly (() => Json)[] = [
    () => input.u8(),
    () => input.u16(),
    () => input.u32(),
    () => input.u64(),
    () => -1,
    () => 0.5,
    () => 2 ** 53,
    () => null,
    () => "",
    () => "split",
    () => input.flag(),
    () => [],
    () => ({}),
    () => [input.u8(), [input.u16(), input.u8()]],
  ];
  return input.pick(choices)();
}

/** Changes one place of plain data: a value, an element left out or doubled, a key gone. */
export function damageJson(input: ByteInput, value: unknown): unknown {
  const whole: { root: Json } = { root: structuredClone(value) as Json };
  let holder: Json[] | { [key: string]: Json } = whole;
  let key: string | number = "root";
  for (let depth = input.below(12); depth > 0; depth--) {
    const next: Json | undefined = (holder as Record<string | number, Json>)[key];
    if (next === null || typeof next !== "object") break;
    const keys: readonly (string | number)[] = Array.isArray(next) ? [...next.keys()] : Object.keys(next);
    if (keys.length === 0) break;
    holder = next;
    key = input.pick(keys);
  }
  if (Array.isArray(holder) && typeof key === "number") {
    const how = input.below(4);
    if (how === 0) holder.splice(key, 1);
    else if (how === 1) holder.push(structuredClone(holder[key] as Json));
    else holder[key] = changed(input, holder[key]);
  } else if (key !== "root" && input.below(8) === 1) Reflect.deleteProperty(holder, key);
  else (holder as Record<string | number, Json>)[key] = changed(input, (holder as Record<string | number, Json>)[key]);
  return whole.root;
}

function changed(input: ByteInput, value: Json | undefined): Json {
  if (typeof value === "number" && input.flag()) return value + input.u8() - 128;
  if (typeof value === "boolean" && input.flag()) return !value;
  return wildValue(input);
}
