import type { GuestMemory } from "@zarch/guest-memory";
import type { DiagnoseHandler } from "@zarch/vmm-interface";
import { ProgramInterruption, registerValue } from "./guest-parameters.ts";

/** Resets that DIAGNOSE 0x308 asks for. */
export type Diag308Reset =
  /** Subcode 0: CPU reset of all CPUs, subsystem reset, PSW from absolute 0. */
  | "modified-clear"
  /** Subcode 1: initial CPU reset, subsystem reset, PSW from absolute 0. Linux comes here by kexec. */
  | "load-normal"
  /** Subcode 3: IPL again with storage cleared. */
  | "load-clear";

export interface Diag308Host {
  readonly memory: GuestMemory;
  /** The reset is to happen before the next instruction. */
  requestReset(kind: Diag308Reset): void;
  /** Takes an IPL parameter block for the next load (subcode 5). False: the machine cannot be loaded this way. */
  setIplParameters?(block: Uint8Array): boolean;
  /** The IPL parameter block of the present load (subcode 6), or undefined when there is none. */
  iplParameters?(): Uint8Array | undefined;
}

const ResultCode = { ok: 0x0001, noConfiguration: 0x0102, invalidParameters: 0x0402 } as const;
const blockHeaderLength = 8;
const maximumBlockLength = 4096;

/** DIAGNOSE 0x308: resets, re-IPL, and the IPL parameter block. Operand: subcode in r3, address in r1, result in r1 + 1. */
export function diagnose308(host: Diag308Host): DiagnoseHandler {
  return (registers, r1, r3) => {
    switch (registerValue(registers, r3)) {
      case 0:
        host.requestReset("modified-clear");
        return 0;
      case 1:
        host.requestReset("load-normal");
        return 0;
      case 3:
        host.requestReset("load-clear");
        return 0;
      case 5:
      case 6: {
        const address = registerValue(registers, r1);
        if (r1 % 2 !== 0 || address % 4096 !== 0) return ProgramInterruption.specification;
        if (!host.memory.contains(address, maximumBlockLength)) return ProgramInterruption.addressing;
        const store = registerValue(registers, r3) === 6;
        registers.set(r1 + 1, 0, store ? storeBlock(host, address) : setBlock(host, address));
        return 0;
      }
      default:
        return ProgramInterruption.specification;
    }
  };
}

function setBlock(host: Diag308Host, address: number): number {
  const length = host.memory.loadUint32(address, "big");
  if (length < blockHeaderLength || length > maximumBlockLength) return ResultCode.invalidParameters;
  const block = new Uint8Array(length);
  host.memory.read(address, block);
  return host.setIplParameters?.(block) === true ? ResultCode.ok : ResultCode.invalidParameters;
}

function storeBlock(host: Diag308Host, address: number): number {
  const block = host.iplParameters?.();
  if (block === undefined) return ResultCode.noConfiguration;
  host.memory.write(address, block.subarray(0, maximumBlockLength));
  return ResultCode.ok;
}
