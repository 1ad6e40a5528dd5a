import { ProgramCode } from "../engine/context.ts";
import * as layout from "../engine/layout.ts";
import type { CpuCore } from "./core.ts";

/** ASCE bit 57: space-switch-event control. */
const SPACE_SWITCH_EVENT = 0x40;

/** Presents a program interruption of an instruction that is complete, with the PSW that it leaves in place. */
export function interruptCompleted(core: CpuCore, code: number): void {
  const { registers } = core;
  const length = core.ownLength();
  // The interruption moves the address on by the length; the sum wraps in the addressing mode.
  const low = registers.addressLow - length;
  registers.setAddress((registers.addressHigh + (low < 0 ? -1 : 0)) >>> 0, low >>> 0);
  core.interruptProgram(code, length);
  core.reload = true;
}

/**
 * Space-switch event (PoP chapter 6) of a complete instruction that changed the primary space.
 * @param asn the old primary ASN @param oldAsce right half of the old primary ASCE @param newAsce of the new one
 * @returns whether it was presented
 */
export function spaceSwitchEvent(core: CpuCore, asn: number, oldAsce: number, newAsce: number): boolean {
  if (((oldAsce | newAsce) & SPACE_SWITCH_EVENT) === 0) return false;
  const { registers } = core;
  registers.setWord(layout.TRANSLATION_EXCEPTION + 4, 0);
  registers.setWord(layout.TRANSLATION_EXCEPTION, (((oldAsce & SPACE_SWITCH_EVENT) !== 0 ? 0x8000_0000 : 0) | asn) >>> 0);
  interruptCompleted(core, ProgramCode.spaceSwitch);
  return true;
}
