import { LOG_SIZE, Log, MAXIMUM_LOG, ORIGIN, Slot, slotAddress } from "./layout.ts";

/** A named part of a program's final state, in hexadecimal. */
export type State = readonly (readonly [name: string, value: string])[];

const Code = { segmentTranslation: 0x10, pageTranslation: 0x11, monitorEvent: 0x40 } as const;

/** Final state of the program in a slot: only what the architecture defines. */
export function finalState(image: Uint8Array, index: number): State {
  const slot = image.subarray(slotAddress(index) - ORIGIN, slotAddress(index) - ORIGIN + Slot.end);
  const view = new DataView(slot.buffer, slot.byteOffset, slot.length);
  const state: [string, string][] = [];
  const field = (name: string, at: number, size: number): void =>
    void state.push([name, Buffer.from(slot.subarray(at, at + size)).toString("hex")]);
  const logged = Math.min(MAXIMUM_LOG, view.getUint32(Slot.interruptions + 4));
  for (let n = 0; n < logged; n++) {
    const at = Slot.log + n * LOG_SIZE;
    const code = view.getUint16(at + 2);
    field(`interruption ${n}`, at + Log.identification, 4);
    field(`old PSW ${n}`, at + Log.psw, 16);
    if (code === Code.segmentTranslation || code === Code.pageTranslation) {
      // The address of the page and the space; bits 52-61 say more only with facilities that the machines do not share.
      const translation = view.getBigUint64(at + Log.translation) & 0xffff_ffff_ffff_f003n;
      state.push([`translation ${n}`, translation.toString(16)]);
    }
    if (code === Code.monitorEvent) {
      field(`monitor code ${n}`, at + Log.monitorCode, 8);
      field(`monitor class ${n}`, at + Log.monitorClass + 4, 2);
    }
  }
  field("interruptions", Slot.interruptions + 4, 4);
  for (let n = 0; n < 16; n++) field(`r${n}`, Slot.result + n * 8, 8);
  for (let n = 0; n < 16; n++) field(`c${n}`, Slot.resultControl + n * 8, 8);
  field("access registers", Slot.resultAccess, 64);
  field("PSW", Slot.resultPsw, 16);
  field("prefix", Slot.resultPrefix, 4);
  // QEMU keeps reference and change bits by pages of its own translation, so only the access-control bits are compared.
  const keys = slot.subarray(Slot.resultKeys, Slot.resultFrames).map((key) => key & 0xf8);
  state.push(["storage keys", Buffer.from(keys.subarray(0, 16)).toString("hex")]);
  for (let n = 0; n < 16; n++) field(`frame ${n}`, Slot.resultFrames + n * 8, 8);
  for (const [n, space] of ["primary", "secondary", "home"].entries()) {
    field(`${space} page table`, Slot.resultTables + n * 128, 128);
    field(`${space} segment-table entry`, Slot.resultSegments + n * 8, 8);
  }
  return state;
}

/** What differs, in words for people. */
export function differences(expected: State, actual: State): string[] {
  const found: string[] = [];
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const [name, value] = expected[i] ?? ["end", ""];
    const [otherName, other] = actual[i] ?? ["end", ""];
    if (name !== otherName || value !== other)
      found.push(`${name}: expected ${value}, got ${name === otherName ? other : `${otherName} ${other}`}`);
  }
  return found;
}

/** A number that stands for a final state (FNV-1a), eight hexadecimal digits. */
export function stateHash(state: State): string {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(state))) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
