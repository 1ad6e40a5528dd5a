import { BLK_QUEUE_SIZES } from "@zarch/device-blk";
import { type CcwAddress, parseCcwAddress } from "@zarch/machine";
import { UsageError } from "./usage-error.ts";
import { checkVirtioOption, type VirtioOption, virtioProperties, withVirtioProperty } from "./virtio-option.ts";

/** A disk as the command line or the monitor names it. */
export interface DiskOption extends VirtioOption {
  readonly path: string;
  /** The guest may not write. */
  readonly readOnly: boolean;
  /** What the guest writes stays out of the file: it goes to the overlay file, or without one to memory and is gone at the end. */
  readonly overlay?: { readonly path?: string };
  /** Default: the next free address. */
  readonly address?: CcwAddress;
}

/** The form of a disk, for help and messages. */
export const diskForm = "FILE[,ro][,overlay[=FILE]][,devno=fe.0.0001][,PROPERTY]...";

const ownProperties = "ro, overlay, overlay=FILE, devno=fe.0.0001";

/**
 * Reads {@link diskForm}, where each further property is one of {@link VirtioOption}. A comma in a file name is written twice.
 * @throws {UsageError}
 */
export function parseDiskOption(text: string): DiskOption {
  const [first = "", ...rest] = text.replaceAll(",,", "\0").split(",");
  const path = first.replaceAll("\0", ",");
  if (path === "") throw new UsageError("--disk needs a file name");
  try {
    return { path, ...parseProperties(rest) };
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--disk ${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseProperties(properties: readonly string[]): Omit<DiskOption, "path"> {
  let readOnly = false;
  let overlay: { path?: string } | undefined;
  let address: CcwAddress | undefined;
  let virtio: VirtioOption = {};
  for (const property of properties) {
    const equals = property.indexOf("=");
    const name = equals < 0 ? property : property.slice(0, equals);
    const value = equals < 0 ? undefined : property.slice(equals + 1).replaceAll("\0", ",");
    if (property === "ro") readOnly = true;
    else if (property === "overlay") overlay = {};
    else if (name === "overlay" && value) overlay = { path: value };
    else if (name === "devno" && value) address = parseCcwAddress(value);
    else {
      const more = withVirtioProperty(virtio, property, BLK_QUEUE_SIZES);
      if (more === undefined) throw new UsageError(`unknown property "${property}"; known are ${ownProperties}, ${virtioProperties}`);
      virtio = more;
    }
  }
  if (readOnly && overlay !== undefined) throw new UsageError("a disk with an overlay cannot be read-only");
  checkVirtioOption(virtio);
  if (virtio.bus === "pci" && address !== undefined) throw new UsageError("devno does not fit bus=pci");
  return { readOnly, ...(overlay && { overlay }), ...(address && { address }), ...virtio };
}
