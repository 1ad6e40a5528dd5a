import type { PciAccess } from "./pci-access.ts";
import { CAPABILITY_MSIX, CAPABILITY_VENDOR, Config, STATUS_CAPABILITIES, Structure, type StructureKind } from "./registers.ts";

/** Where a structure of the device is: base address register, offset and length in bytes. */
export interface StructurePlace {
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

/** What the capability list of a function says. */
export interface FoundCapabilities {
  /** The first usable capability of each kind: the list is in the order of the device's preference (4.1.4). */
  readonly structures: ReadonlyMap<StructureKind, StructurePlace>;
  /** Bytes from one queue's place for notifications to the next. */
  readonly notifyMultiplier: number;
  /** Offset of the MSI-X capability. */
  readonly msix: number | undefined;
}

const KINDS: ReadonlySet<number> = new Set(Object.values(Structure));

/** More capabilities do not fit into configuration space: a list that goes on is a loop. */
const MAX_CAPABILITIES = 48;

/** Least length of a structure that a driver can work with. */
const LEAST_LENGTH: Readonly<Record<StructureKind, number>> = { 1: 56, 2: 2, 3: 1, 4: 1 };

export function findCapabilities(pci: PciAccess): FoundCapabilities {
  const structures = new Map<StructureKind, StructurePlace>();
  let notifyMultiplier = 0;
  let msix: number | undefined;
  if ((pci.readConfig(Config.status, 2) & STATUS_CAPABILITIES) === 0) return { structures, notifyMultiplier, msix };
  // The two lowest bits of a pointer are reserved.
  let at = pci.readConfig(Config.capabilities, 1) & 0xfc;
  for (let count = 0; at !== 0 && count < MAX_CAPABILITIES; count++, at = pci.readConfig(at + 1, 1) & 0xfc) {
    const id = pci.readConfig(at, 1);
    if (id === CAPABILITY_MSIX) msix ??= at;
    if (id !== CAPABILITY_VENDOR) continue;
    const kind = pci.readConfig(at + 3, 1) as StructureKind;
    const bar = pci.readConfig(at + 4, 1);
    const place = { bar, offset: pci.readConfig(at + 8, 4), length: pci.readConfig(at + 12, 4) };
    // Kinds and registers that are reserved are to be passed over (4.1.4.1).
    if (!KINDS.has(kind) || bar > 5 || place.length < LEAST_LENGTH[kind] || structures.has(kind)) continue;
    structures.set(kind, place);
    if (kind === Structure.notify) notifyMultiplier = pci.readConfig(at + 16, 4);
  }
  return { structures, notifyMultiplier, msix };
}
