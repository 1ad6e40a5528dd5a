import { type CcwAddress, parseCcwAddress } from "@zarch/machine";
import { UsageError } from "./usage-error.ts";

/** A disk as the command line or the monitor names it. */
export interface DiskOption {
  readonly path: string;
  /** The guest may not write. */
  readonly readOnly: boolean;
  /** What the guest writes stays out of the file and is gone at the end. */
  readonly overlay: boolean;
  /** Default: the next free address. */
  readonly address?: CcwAddress;
}

/**
 * Reads FILE[,ro][,overlay][,devno=fe.0.0001]. A comma in the file name is written twice.
 * @throws {UsageError}
 */
export function parseDiskOption(text: string): DiskOption {
  const [first = "", ...rest] = text.replaceAll(",,", "\0").split(",");
  const path = first.replaceAll("\0", ",");
  if (path === "") throw new UsageError("--disk needs a file name");
  let readOnly = false;
  let overlay = false;
  let address: CcwAddress | undefined;
  for (const word of rest) {
    if (word === "ro") readOnly = true;
    else if (word === "overlay") overlay = true;
    else if (word.startsWith("devno=")) address = parseCcwAddress(word.slice("devno=".length));
    else throw new UsageError(`--disk ${path}: unknown property "${word}"; known are ro, overlay and devno=fe.0.0001`);
  }
  return { path, readOnly, overlay, ...(address && { address }) };
}
