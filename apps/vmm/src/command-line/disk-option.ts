import { type CcwAddress, parseCcwAddress } from "@zarch/machine";
import { UsageError } from "./usage-error.ts";

/** A disk as the command line or the monitor names it. */
export interface DiskOption {
  readonly path: string;
  /** The guest may not write. */
  readonly readOnly: boolean;
  /** What the guest writes stays out of the file: it goes to the overlay file, or without one to memory and is gone at the end. */
  readonly overlay?: { readonly path?: string };
  /** Default: the next free address. */
  readonly address?: CcwAddress;
}

/**
 * Reads FILE[,ro][,overlay[=FILE]][,devno=fe.0.0001]. A comma in a file name is written twice.
 * @throws {UsageError}
 */
export function parseDiskOption(text: string): DiskOption {
  const [first = "", ...rest] = text.replaceAll(",,", "\0").split(",");
  const path = first.replaceAll("\0", ",");
  if (path === "") throw new UsageError("--disk needs a file name");
  let readOnly = false;
  let overlay: { path?: string } | undefined;
  let address: CcwAddress | undefined;
  for (const property of rest) {
    const equals = property.indexOf("=");
    const name = equals < 0 ? property : property.slice(0, equals);
    const value = equals < 0 ? undefined : property.slice(equals + 1).replaceAll("\0", ",");
    if (property === "ro") readOnly = true;
    else if (property === "overlay") overlay = {};
    else if (name === "overlay" && value) overlay = { path: value };
    else if (name === "devno" && value) address = parseCcwAddress(value);
    else throw new UsageError(`--disk ${path}: unknown property "${property}"; known are ro, overlay, overlay=FILE and devno=fe.0.0001`);
  }
  if (readOnly && overlay !== undefined) throw new UsageError(`--disk ${path}: a disk with an overlay cannot be read-only`);
  return { path, readOnly, ...(overlay && { overlay }), ...(address && { address }) };
}
