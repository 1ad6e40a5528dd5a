import type { CpuCore, HelperMap } from "../core.ts";
import { toAbsolute } from "./operand-access.ts";

const NOT_OPERATIONAL = 3;

/** Sets the condition code that a port gave, or presents the program interruption that it asked for. */
function settle(core: CpuCore, result: number): void {
  if (result < 0) core.program(-result);
  core.registers.cc = result;
}

/** Address of the second operand (S format), checked for alignment; its halves are in `core` and the result. */
function operandHigh(core: CpuCore, alignment: number): number {
  const { operands } = core;
  const high = core.addressHigh(operands.b2, operands.d2);
  core.specificationIf((core.addressLow & (alignment - 1)) !== 0);
  return high;
}

function base(core: CpuCore): number {
  return core.operands.b2 & 15;
}

const orb = new Uint8Array(32);
const schib = new Uint8Array(52);
const irb = new Uint8Array(96);
const word = new Uint8Array(4);

/** I/O instructions (PoP chapter 14). Without a channel subsystem every subchannel is "not operational". */
export const ioHelpers: HelperMap = {
  ssch(core) {
    core.privileged();
    const high = operandHigh(core, 4);
    core.storage.read(high, core.addressLow, orb, base(core));
    settle(core, core.ports.channelSubsystem?.startSubchannel(core.registers.low(1), orb) ?? NOT_OPERATIONAL);
  },
  tsch(core) {
    core.privileged();
    const high = operandHigh(core, 4);
    const low = core.addressLow;
    irb.fill(0);
    // The operand must be writable before the subchannel gives up its status.
    const length = 64;
    const view = irb.subarray(0, length);
    probeWrite(core, high, low, length);
    const result = core.ports.channelSubsystem?.testSubchannel(core.registers.low(1), irb) ?? NOT_OPERATIONAL;
    if (result >= 0 && result < 3) core.storage.write(high, low, view, base(core));
    settle(core, result);
  },
  stsch(core) {
    core.privileged();
    const high = operandHigh(core, 4);
    const low = core.addressLow;
    schib.fill(0);
    const result = core.ports.channelSubsystem?.storeSubchannel(core.registers.low(1), schib) ?? NOT_OPERATIONAL;
    if (result === 0) core.storage.write(high, low, schib, base(core));
    settle(core, result);
  },
  msch(core) {
    core.privileged();
    const high = operandHigh(core, 4);
    core.storage.read(high, core.addressLow, schib, base(core));
    settle(core, core.ports.channelSubsystem?.modifySubchannel(core.registers.low(1), schib) ?? NOT_OPERATIONAL);
  },
  csch(core) {
    core.privileged();
    settle(core, core.ports.channelSubsystem?.clearSubchannel(core.registers.low(1)) ?? NOT_OPERATIONAL);
  },
  hsch(core) {
    core.privileged();
    settle(core, core.ports.channelSubsystem?.haltSubchannel(core.registers.low(1)) ?? NOT_OPERATIONAL);
  },
  rsch(core) {
    core.privileged();
    settle(core, core.ports.channelSubsystem?.resumeSubchannel(core.registers.low(1)) ?? NOT_OPERATIONAL);
  },
  xsch(core) {
    core.privileged();
    settle(core, core.ports.channelSubsystem?.cancelSubchannel(core.registers.low(1)) ?? NOT_OPERATIONAL);
  },
  rchp(core) {
    core.privileged();
    settle(core, core.ports.channelSubsystem?.resetChannelPath(core.registers.low(1)) ?? NOT_OPERATIONAL);
  },
  sal(core) {
    core.privileged();
    const result = core.ports.channelSubsystem?.setAddressLimit(core.registers.low(1)) ?? 0;
    if (result < 0) core.program(-result);
  },
  stcps(core) {
    core.privileged();
    const high = operandHigh(core, 32);
    // No channel path is ever found active between two instructions.
    core.storage.write(high, core.addressLow, new Uint8Array(32), base(core));
  },
  schm(core) {
    core.privileged();
    const { registers } = core;
    const result = core.ports.channelSubsystem?.setChannelMonitor(registers.low(1), registers.high(2), registers.low(2)) ?? 0;
    if (result < 0) core.program(-result);
  },
  stcrw(core) {
    core.privileged();
    const high = operandHigh(core, 4);
    const low = core.addressLow;
    probeWrite(core, high, low, 4);
    const report = core.ports.channelSubsystem?.storeChannelReportWord() ?? 0;
    storeWord(core, high, low, report);
    core.registers.cc = report === 0 ? 1 : 0;
  },
  tpi(core) {
    core.privileged();
    const { registers } = core;
    const high = operandHigh(core, 4);
    const low = core.addressLow;
    const toLowcore = high === 0 && low === 0;
    if (toLowcore) core.requirePrefixArea();
    else probeWrite(core, high, low, 8);
    const interruption = core.ports.channelSubsystem?.takeInterruption(registers.controlLow(6) >>> 24);
    if (!interruption) {
      registers.cc = 0;
      return;
    }
    if (toLowcore) {
      // Operand address zero: the three words of an I/O interruption, at their assigned locations.
      const { memory } = core;
      memory.storeUint32(registers.prefix + 0xb8, interruption.subsystemId, "big");
      memory.storeUint32(registers.prefix + 0xbc, interruption.parameter, "big");
      memory.storeUint32(registers.prefix + 0xc0, interruption.identification, "big");
    } else {
      const words = new DataView(new ArrayBuffer(8));
      words.setUint32(0, interruption.subsystemId);
      words.setUint32(4, interruption.parameter);
      core.storage.write(high, low, new Uint8Array(words.buffer), base(core));
    }
    registers.cc = 1;
  },
  chsc(core) {
    core.privileged();
    const { registers, operands, storage } = core;
    core.specificationIf((registers.low(operands.r1) & 0xfff) !== 0);
    const high = (registers.high(operands.r1) & storage.maskHigh) >>> 0;
    const low = (registers.low(operands.r1) & storage.maskLow) >>> 0;
    // Write access is checked before the request is read: the response goes to the same block.
    const absolute = storage.resolve(high, low, 1, operands.r1);
    settle(core, core.ports.channelSubsystem?.channelSubsystemCall(absolute) ?? NOT_OPERATIONAL);
    storage.changed(absolute, 4096);
  },
  siga(core) {
    core.privileged();
    core.registers.cc = NOT_OPERATIONAL;
  },
  servc(core) {
    core.privileged();
    const { registers, operands } = core;
    const port = core.ports.serviceCall;
    if (!port) {
      registers.cc = NOT_OPERATIONAL;
      return;
    }
    const command = registers.low(operands.r1);
    const block = registers.low(operands.r2);
    core.specificationIf((block & 7) !== 0 || (block & 0x8000_0000) !== 0);
    const real = toAbsolute(core, block);
    if (real + 8 > core.memory.size) core.program(0x05);
    // The block may not lie in the prefix area or, as an absolute address, in the first 8 KiB.
    const area = Math.floor(block / 8192);
    core.specificationIf(area === 0 || area === Math.floor(registers.prefix / 8192));
    settle(core, port.serviceCall(command, real));
  },
};

/** Refuses the instruction when a span that it will write later must not be written. */
function probeWrite(core: CpuCore, high: number, low: number, length: number): void {
  const { storage } = core;
  storage.resolve(high, low, 1, base(core));
  if ((low & 0xfff) + length <= 4096) return;
  const next = ((low & 0xffff_f000) >>> 0) + 4096;
  const carry = next > 0xffff_ffff ? 1 : 0;
  storage.resolve(((high + carry) & storage.maskHigh) >>> 0, (next & storage.maskLow) >>> 0, 1, base(core));
}

function storeWord(core: CpuCore, high: number, low: number, value: number): void {
  new DataView(word.buffer).setUint32(0, value);
  core.storage.write(high, low, word, base(core));
}
