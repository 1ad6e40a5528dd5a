import { UsageError } from "./usage-error.ts";

const units: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Reads a size like 512M, 1G or 1.5g; a number without unit is in MiB, as QEMU has it.
 * @returns bytes
 * @throws {UsageError}
 */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT])?(?:i?B)?$/i.exec(text.trim());
  const bytes = match === null ? Number.NaN : Number(match[1]) * units[(match[2] ?? "M").toUpperCase()]!;
  if (!Number.isSafeInteger(bytes)) throw new UsageError(`${option}: "${text}" is not a size like 512M or 2G`);
  return bytes;
}

/** A size for people: the largest unit that leaves a whole number. */
export function formatSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) if (bytes >= units[unit]! && bytes % units[unit]! === 0) return `${bytes / units[unit]!}${unit}`;
  return `${bytes} bytes`;
}
