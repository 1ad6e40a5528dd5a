import { ProgramCode } from "../../engine/context.ts";
import * as layout from "../../engine/layout.ts";
import type { CpuCore, HelperMap } from "../core.ts";
import { BASIC_ADDRESSING, isPswValid, Psw } from "../psw.ts";
import { spaceSwitchEvent } from "../space-switch.ts";
import { READ } from "../storage.ts";

/** First halfword of the parameter list: a whole PSW, a whole register, whose halves are apart. */
const WHOLE_PSW = 4;
const WHOLE_REGISTER = 2;
const DISJOINT = 1;
/** PSW bits 16-23 and 31: address-space control, condition code, program mask, extended addressing. */
const RESTORED = Psw.space | Psw.cc | Psw.programMask | Psw.extendedAddressing;

/** Fetches from where instructions come from, at most 16 bytes. */
function fetchText(core: CpuCore, high: number, low: number, length: number): DataView {
  const { registers, storage, memory } = core;
  const isTranslated = (registers.pswHigh & Psw.translation) !== 0;
  const isHome = isTranslated && (registers.pswHigh & Psw.space) === Psw.space;
  const control = isHome ? 13 : 1;
  const [asceHigh, asceLow] = isTranslated ? [registers.controlHigh(control), registers.controlLow(control)] : [0, 0x20];
  registers.setWord(layout.EXCEPTION_ACCESS, 0);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const sum = low + done;
    const at = (sum & storage.maskLow) >>> 0;
    const atHigh = ((high + (sum > 0xffff_ffff ? 1 : 0)) & storage.maskHigh) >>> 0;
    const room = Math.min(length - done, 4096 - (at & 0xfff));
    memory.read(storage.resolveIn(atHigh, at, READ, isHome ? 3 : 0, asceHigh, asceLow), bytes.subarray(done, done + room));
    done += room;
  }
  return new DataView(bytes.buffer);
}

/** Address behind this instruction; under EXECUTE behind the target of EXECUTE. */
function addressBehind(core: CpuCore): { high: number; low: number } {
  const { registers, storage } = core;
  core.advance();
  if (core.record !== layout.EXECUTE_RECORD) return { high: registers.addressHigh, low: registers.addressLow };
  const ownHigh = registers.word(layout.EXECUTE_ADDRESS + 4);
  const ownLow = registers.word(layout.EXECUTE_ADDRESS);
  const text = fetchText(core, ownHigh, ownLow, registers.word(layout.EXECUTE_LENGTH));
  let high: number;
  let low: number;
  if (text.getUint8(0) === 0x44) {
    const fields = text.getUint32(0);
    const register = (shift: number): number => (fields >>> shift) & 15 || 16;
    high = core.addressHigh(register(12), fields & 0xfff, register(16));
    low = core.addressLow;
  } else {
    const offset = text.getInt32(2) * 2;
    low = ownLow + offset;
    high = ownHigh + Math.floor(low / 0x1_0000_0000);
  }
  low = (low >>> 0) + 4;
  return { high: ((high + (low > 0xffff_ffff ? 1 : 0)) & storage.maskHigh) >>> 0, low: (low & storage.maskLow) >>> 0 };
}

/** RESUME PROGRAM (PoP chapter 10): PSW fields, an access and a general register from a save area. */
export const resumeProgramHelpers: HelperMap = {
  rp(core) {
    const { registers, operands, storage } = core;
    const { high: listHigh, low: listLow } = addressBehind(core);
    const first = fetchText(core, listHigh, listLow, 8);
    const flags = first.getUint16(0);
    core.specificationIf((flags & 0xfff8) !== 0);
    const isWide = (flags & WHOLE_REGISTER) !== 0;
    const isDisjoint = isWide && (flags & DISJOINT) !== 0;
    const isWhole = (flags & WHOLE_PSW) !== 0;
    const disjointOffset = isDisjoint ? fetchText(core, listHigh, listLow, 10).getUint16(8) : 0;
    const field = (offset: number, length: number): DataView => {
      const bytes = new Uint8Array(length);
      const high = core.addressHigh(operands.b2, operands.d2);
      const low = core.addressLow + offset;
      const carry = low > 0xffff_ffff ? 1 : 0;
      storage.read(((high + carry) & storage.maskHigh) >>> 0, (low & storage.maskLow) >>> 0, bytes, operands.b2 & 15);
      return new DataView(bytes.buffer);
    };
    const psw = field(first.getUint16(2), isWhole ? 16 : 8);
    const access = field(first.getUint16(4), 4).getUint32(0);
    const general = field(first.getUint16(6), isWide && !isDisjoint ? 8 : 4);
    const left = isDisjoint ? field(disjointOffset, 4).getUint32(0) : isWide ? general.getUint32(0) : undefined;
    const right = general.getUint32(isWide && !isDisjoint ? 4 : 0);

    const old = registers.pswHigh;
    const pswHigh = ((core.currentPswHigh() & ~RESTORED) | (psw.getUint32(0) & RESTORED)) >>> 0;
    const basic = (psw.getUint32(4) & BASIC_ADDRESSING) >>> 0;
    const addressHigh = isWhole ? psw.getUint32(8) : 0;
    const addressLow = isWhole ? psw.getUint32(12) : psw.getUint32(4) & 0x7fff_ffff;
    const isTranslated = (old & Psw.translation) !== 0;
    const toHome = (pswHigh & Psw.space) === Psw.space;
    if (isTranslated && toHome && core.problemState) core.program(ProgramCode.privilegedOperation);
    core.specificationIf(!isPswValid(pswHigh, basic, addressHigh, addressLow) || (addressLow & 1) !== 0);

    const base = operands.b2 & 15;
    registers.setAccess(base, access);
    if (left !== undefined) registers.setHigh(base, left);
    registers.setLow(base, right);
    core.setPsw(pswHigh, basic, addressHigh, addressLow);
    core.reload = true;
    const fromHome = (old & Psw.space) === Psw.space;
    if (!isTranslated || fromHome === toHome) return;
    if (fromHome) spaceSwitchEvent(core, 0, registers.controlLow(13), registers.controlLow(1));
    else spaceSwitchEvent(core, registers.controlLow(4) & 0xffff, registers.controlLow(1), registers.controlLow(13));
  },
};
