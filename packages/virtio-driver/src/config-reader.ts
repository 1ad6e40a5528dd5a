import type { Endian } from "@zarch/guest-memory";
import type { ConfigLayout } from "@zarch/virtio";
import { DriverError } from "./errors.ts";
import type { DriverTransport } from "./transport.ts";

/** A field, or an array of bytes, of the device configuration: offset and length in bytes. */
export interface ConfigSpan {
  readonly offset: number;
  readonly length: number;
}

/** How often a configuration may change while it is read. */
const ATTEMPTS = 100;

/**
 * Reads fields as they were together at one moment (virtio 2.5.1): until the generation is the same before and after, or, where there is
 * none, until two readings agree.
 * @throws DriverError ERR_DRIVER_DEVICE if the configuration does not come to rest
 */
export async function readConfigSpans(transport: DriverTransport, spans: readonly ConfigSpan[]): Promise<Uint8Array[]> {
  let previous: Uint8Array[] | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await transport.configGeneration?.();
    const fields: Uint8Array[] = [];
    for (const { offset, length } of spans) fields.push(await transport.readConfig(offset, length));
    const settled = before === undefined ? previous && equal(previous, fields) : (await transport.configGeneration?.()) === before;
    if (settled) return fields;
    previous = fields;
  }
  throw new DriverError("ERR_DRIVER_DEVICE", "the configuration changes all the time");
}

function equal(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.every((bytes, i) => bytes.every((byte, j) => byte === b[i]?.[j]));
}

/** The values of named fields, arrays as arrays. Those of 8 bytes lose precision above 2^53. */
export type ConfigReading<L extends ConfigLayout> = {
  readonly [Name in keyof L]: L[Name] extends { readonly count: number } ? readonly number[] : number;
};

/** Reads named fields together; see {@link readConfigSpans}. */
export async function readConfigFields<L extends ConfigLayout>(transport: DriverTransport, layout: L): Promise<ConfigReading<L>> {
  const fields = Object.entries(layout);
  const spans = fields.flatMap(([, { offset, width, count = 1 }]) =>
    Array.from({ length: count }, (_, i) => ({ offset: offset + i * width, length: width })),
  );
  const bytes = (await readConfigSpans(transport, spans)).values();
  const reading = fields.map(([name, { count, endian = transport.endian }]) => {
    const numbers = Array.from({ length: count ?? 1 }, () => numberOf(bytes.next().value as Uint8Array, endian));
    return [name, count === undefined ? numbers[0] : numbers];
  });
  return Object.fromEntries(reading) as ConfigReading<L>;
}

/** The number in the bytes of a field. */
export function numberOf(bytes: Uint8Array, endian: Endian): number {
  const ordered = endian === "big" ? bytes : bytes.toReversed();
  return ordered.reduce((value, byte) => value * 256 + byte, 0);
}

/** The bytes of a field with this value. */
export function encodeNumber(value: number, width: number, endian: Endian): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = value;
  for (let i = 0; i < width; i++) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return endian === "little" ? bytes : bytes.reverse();
}
