/**
 * The way to one PCI function. Values are unsigned and little-endian: the byte at the lowest offset is the least significant. Where nobody answers
 * there are all ones.
 */
export interface PciAccess {
  readConfig(offset: number, width: 1 | 2 | 4): number;
  writeConfig(offset: number, width: 1 | 2 | 4, value: number): void;
  /** A read through base address register `bar`, 0 to 5. */
  readBar(bar: number, offset: number, width: 1 | 2 | 4): number;
  writeBar(bar: number, offset: number, width: 1 | 2 | 4, value: number): void;
}
