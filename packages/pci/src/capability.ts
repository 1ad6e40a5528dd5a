import type { PciConfigSpace } from "./config-space.ts";

/** An entry of a function's capability list. */
export interface PciCapability {
  readonly id: number;
  /** What follows ID and next pointer. */
  readonly body: Uint8Array;
  /** Bits of {@link body} that the host may write; as long as it, or shorter. Default: none. */
  readonly writable?: Uint8Array;
  /** Called once with the place where the capability begins, for those that watch accesses. */
  placed?(config: PciConfigSpace, at: number): void;
}
