import type { CpuCore, HelperMap } from "../core.ts";

/** SIGP order codes (PoP chapter 4). */
const Order = {
  sense: 0x01,
  externalCall: 0x02,
  emergencySignal: 0x03,
  start: 0x04,
  stop: 0x05,
  restart: 0x06,
  stopAndStoreStatus: 0x09,
  initialCpuReset: 0x0b,
  cpuReset: 0x0c,
  setPrefix: 0x0d,
  storeStatusAtAddress: 0x0e,
  setArchitecture: 0x12,
  senseRunningStatus: 0x15,
} as const;

const STATUS_INVALID_PARAMETER = 0x100;
const STATUS_EXTERNAL_CALL_PENDING = 0x80;
const STATUS_INCORRECT_STATE = 0x200;
const STATUS_INVALID_ORDER = 0x02;

function storeStatusBits(core: CpuCore, bits: number): void {
  core.registers.setLow(core.operands.r1, bits);
  core.registers.cc = 1;
}

/** DIAGNOSE and SIGNAL PROCESSOR. */
export const processorHelpers: HelperMap = {
  diag(core) {
    core.privileged();
    const { operands, registers } = core;
    core.addressHigh(operands.b2, operands.d2);
    const code = core.addressLow & 0xffff;
    const handler = core.ports.diagnose?.get(code);
    if (!handler) {
      // A yield to other CPUs (0x44, 0x9c) is nothing where there is one.
      if (code === 0x44 || code === 0x9c) return;
      return core.program(0x06);
    }
    const refusal = handler(registers, operands.r1, operands.r3);
    if (refusal !== 0) core.program(refusal);
  },
  sigp(core) {
    core.privileged();
    const { operands, registers, identity } = core;
    core.addressHigh(operands.b2, operands.d2);
    const order = core.addressLow & 0xff;
    const address = registers.low(operands.r3) & 0xffff;
    if (order === Order.setArchitecture) {
      // The machine is in z/Architecture mode already and knows no other.
      storeStatusBits(core, STATUS_INVALID_PARAMETER);
      return;
    }
    if (address !== identity.address) {
      registers.cc = 3;
      return;
    }
    registers.cc = 0;
    switch (order) {
      case Order.sense:
        if (core.externalCall) storeStatusBits(core, STATUS_EXTERNAL_CALL_PENDING);
        break;
      case Order.externalCall:
        if (core.externalCall) {
          storeStatusBits(core, STATUS_EXTERNAL_CALL_PENDING);
          break;
        }
        core.externalCall = true;
        core.attention();
        break;
      case Order.emergencySignal:
        core.emergencySignal = true;
        core.attention();
        break;
      case Order.start:
      case Order.senseRunningStatus:
        break;
      case Order.stop:
        core.stop = { kind: "stopped" };
        core.contextChanged();
        core.attention();
        break;
      case Order.stopAndStoreStatus:
        core.requirePrefixArea();
        core.advance();
        core.storeStatus(registers.prefix, false);
        core.stop = { kind: "stopped" };
        core.contextChanged();
        core.attention();
        break;
      case Order.restart:
        core.advance();
        core.restart();
        core.reload = true;
        break;
      case Order.cpuReset:
      case Order.initialCpuReset:
        core.advance();
        core.reset(order === Order.cpuReset ? "cpu" : "initial-cpu");
        core.reload = true;
        core.attention();
        break;
      case Order.setPrefix:
      case Order.storeStatusAtAddress:
        storeStatusBits(core, STATUS_INCORRECT_STATE);
        break;
      default:
        storeStatusBits(core, STATUS_INVALID_ORDER);
    }
  },
};
