import { LEGACY, MODERN_PACKED, MODERN_SPLIT, type Variant } from "../src/index.ts";

const SPLIT = [MODERN_SPLIT];
const PACKED = [MODERN_PACKED];
const BOTH = [MODERN_SPLIT, MODERN_PACKED];

/** What can be wrong with the naive device, and where that shows. Each is a mistake that real devices have made. */
export const faults = {
  // Status, features, configuration
  "accepts features that it did not offer": SPLIT,
  "offers no VERSION_1": SPLIT,
  "offers a reserved feature": SPLIT,
  "keeps its status over a reset": SPLIT,
  "stays broken over a reset": BOTH,
  "hides its configuration before FEATURES_OK": SPLIT,
  "changes its configuration in silence": SPLIT,
  "has every queue there could be": SPLIT,
  // Before and after service
  "serves before DRIVER_OK": BOTH,
  "serves after a reset": SPLIT,
  "completes requests of before a reset": SPLIT,
  "keeps its ring indices over a reset": PACKED,
  // Errors
  "says nothing when it is broken": SPLIT,
  "is broken without a notification": SPLIT,
  "throws for a bad address": BOTH,
  // Rings, either format
  "writes behind the buffer": SPLIT,
  "writes into device-readable buffers": PACKED,
  "reads device-writable buffers": BOTH,
  "reports one byte too many": SPLIT,
  "reports what it has not written": PACKED,
  "loses every seventh buffer": SPLIT,
  "returns every fifth buffer twice": SPLIT,
  "wants its message in one descriptor": BOTH,
  "reads addresses twice": BOTH,
  "reads lengths twice": BOTH,
  "reads flags twice": BOTH,
  "follows loops": BOTH,
  "cuts addresses to 32 bits": BOTH,
  "takes indirect tables that were not negotiated": BOTH,
  "takes a table of no length": BOTH,
  "wants aligned tables": BOTH,
  "minds WRITE on a table": BOTH,
  "notifies always": BOTH,
  "notifies never": BOTH,
  "ignores event indices": BOTH,
  // Split rings
  "takes nested tables": SPLIT,
  "ends chains at a next beyond the table": SPLIT,
  "starts tables at next": SPLIT,
  "reads the head twice": SPLIT,
  "publishes the used index first": SPLIT,
  "writes into the descriptor table": SPLIT,
  "takes descriptors one after the other": SPLIT,
  "has its used ring four bytes off": SPLIT,
  "sets flags with EVENT_IDX": SPLIT,
  "counts to 32768": SPLIT,
  // Packed rings
  "never changes its wrap counter": PACKED,
  "returns the first buffer id": PACKED,
  "looks at USED alone": PACKED,
  "forgets WRITE": PACKED,
  "writes flags first": PACKED,
  "minds NEXT in packed tables": PACKED,
  "does not skip": PACKED,
  // Legacy
  "is little-endian whatever the guest": [LEGACY],
  "waits for DRIVER_OK of legacy drivers": [LEGACY],
} as const satisfies Readonly<Record<string, readonly Variant[]>>;

export type Fault = keyof typeof faults;
