import { createCpu } from "../../packages/s390x-cpu/src/index.ts";
import { IMAGE_ORIGIN, Slot, slotAddress } from "./layout.ts";

/** Real addresses: old and new PSWs, interruption codes. */
const SVC_NEW_PSW = 0x1c0;
const PROGRAM_NEW_PSW = 0x1d0;
const PROGRAM_OLD_PSW = 0x150;
const PROGRAM_LENGTH = 0x8c;
const PROGRAM_CODE = 0x8e;
const DATA_EXCEPTION_CODE = 0x93;

/** 64-bit mode, problem state. */
const PROBLEM_STATE = 0x0001_0001_8000_0000n;
const DISABLED_WAIT = 0x0002_0001_8000_0000n;
/** CR0: AFP-register control, as Linux has it on. */
const CONTROL_0 = 0x4_0000n;

const clock = { now: () => 0, wallClock: () => 0, setAlarm: () => () => {} };

/** Signal that Linux makes of a program interruption; 0 when it is none that a test program may cause. */
function signalOf(code: number, dxc: number): number {
  switch (code) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x06:
    case 0x13:
      return 4;
    case 0x07:
      return dxc === 0 ? 4 : 8;
    case 0x08:
    case 0x09:
      return 8;
    case 0x04:
    case 0x05:
    case 0x10:
    case 0x11:
      return 11;
    default:
      return 0;
  }
}

/** Runs an image in our CPU and returns it as the programs left it. */
export function runInCpu(image: Uint8Array, engine: "fast" | "exact" = "fast"): Uint8Array {
  const memorySize = Math.ceil((IMAGE_ORIGIN + image.length) / 0x10_0000) * 0x10_0000;
  const cpu = createCpu({ memorySize, clock });
  const { memory } = cpu;
  cpu.reset("clear");
  for (const place of [SVC_NEW_PSW, PROGRAM_NEW_PSW]) {
    memory.storeUint32(place, Number(DISABLED_WAIT >> 32n), "big");
    memory.storeUint32(place + 4, Number(DISABLED_WAIT & 0xffff_ffffn), "big");
    memory.storeUint32(place + 12, place, "big");
  }
  memory.write(IMAGE_ORIGIN, image);
  cpu.setControl(0, CONTROL_0);
  cpu.setPsw(PROBLEM_STATE, BigInt(slotAddress(0)));
  for (;;) {
    const result = engine === "fast" ? cpu.run({ budget: 50_000_000 }) : cpu.runExactly(50_000_000);
    if (result.reason !== "disabled-wait") throw new Error(`our CPU ended with ${result.reason}`);
    if (result.address === BigInt(SVC_NEW_PSW)) break;
    // A program interruption: what the signal handler of the image does.
    const code = memory.loadUint16(PROGRAM_CODE, "big");
    const signal = signalOf(code, memory.loadUint8(DATA_EXCEPTION_CODE));
    let address = memory.loadUint32(PROGRAM_OLD_PSW + 12, "big");
    if (signal === 0 || address < slotAddress(0) || address >= IMAGE_ORIGIN + image.length)
      throw new Error(`program interruption ${code.toString(16)} at ${address.toString(16)}`);
    // Linux shows the address of the instruction, though protection and addressing exceptions suppress.
    if (code === 4 || code === 5) address -= memory.loadUint16(PROGRAM_LENGTH, "big");
    const slot = slotAddress(Math.floor((address - slotAddress(0)) / (slotAddress(1) - slotAddress(0))));
    memory.storeUint32(slot + Slot.trap + 4, signal, "big");
    memory.storeUint32(slot + Slot.trap + 12, address, "big");
    const mask = (BigInt(memory.loadUint32(PROGRAM_OLD_PSW, "big")) << 32n) | BigInt(memory.loadUint32(PROGRAM_OLD_PSW + 4, "big"));
    cpu.setPsw(mask, BigInt(slot + Slot.epilogue));
  }
  const after = new Uint8Array(image.length);
  memory.read(IMAGE_ORIGIN, after);
  return after;
}
