import type { CpuCore, HelperMap } from "../core.ts";
import { is64Bit } from "./operand-cursor.ts";

const status = new Uint8Array(16);
/** Function 0, query, is the only one installed. */
status[0] = 0x80;

/** Message-security assist (PoP chapter 7): the query function, which says that no cryptographic function is installed. */
function query(core: CpuCore, usesR1: boolean): void {
  const { operands, registers, storage } = core;
  const { r1, r2 } = operands;
  core.specificationIf((r2 & 1) !== 0 || r2 === 0 || (usesR1 && ((r1 & 1) !== 0 || r1 === 0)));
  core.specificationIf((registers.low(0) & 0x7f) !== 0);
  const high = is64Bit(core) ? registers.high(1) : 0;
  storage.write(high, (registers.low(1) & storage.maskLow) >>> 0, status, 1);
  registers.cc = 0;
}

export const cryptographyHelpers: HelperMap = {
  km: (core) => query(core, true),
  kmc: (core) => query(core, true),
  kimd: (core) => query(core, false),
  klmd: (core) => query(core, false),
  kmac: (core) => query(core, false),
};
