import type { DescriptorPage } from "@zarch/transport-s390-legacy";
import { BugError, type DiagnoseHandler, type RegisterAccess } from "@zarch/vmm-interface";
import { registerValue } from "./guest-parameters.ts";

/** A KVM hypercall: reads its arguments from general registers 2 and up, and stores its result in general register 2. */
export type Hypercall = (registers: RegisterAccess) => void;

/** Numbers of DIAGNOSE 0x500, in general register 1. */
export const HypercallNumber = { ccwNotify: 3 } as const;

/** -EINVAL, as Linux numbers it, in 64 bits. */
const invalid = { high: 0xffff_ffff, low: 0xffff_ffea };

/** DIAGNOSE 0x500: dispatches on general register 1. An unknown number leaves -EINVAL in general register 2. */
export function diagnose500(hypercalls: ReadonlyMap<number, Hypercall>): DiagnoseHandler {
  return (registers) => {
    const hypercall = registers.high(1) === 0 ? hypercalls.get(registers.low(1)) : undefined;
    if (hypercall === undefined) registers.set(2, invalid.high, invalid.low);
    else hypercall(registers);
    return 0;
  };
}

/** What a virtio-ccw host does with a notification: returns a cookie of 0 or more, or a negative error number. */
export type CcwNotify = (subsystemId: number, data: number, cookie: number) => number;

/** Function 3 (virtio section 4.3.3.2): subsystem-identification word in GPR 2 (upper half ignored), notification data in GPR 3, cookie in GPR 4 and back in GPR 2. */
export function ccwNotification(notify: CcwNotify): Hypercall {
  return (registers) => {
    const result = notify(registers.low(2), registerValue(registers, 3), registerValue(registers, 4));
    registers.set(2, result < 0 ? 0xffff_ffff : Math.floor(result / 0x1_0000_0000), result >>> 0);
  };
}

/** A hypercall of the descriptor page: argument and result in GPR 2. */
export function pageHypercall(page: DescriptorPage, number: number): Hypercall {
  return (registers) => {
    const result = page.hypercall(number, registerValue(registers, 2));
    if (result === undefined) throw new BugError(`the descriptor page has no hypercall ${number}`);
    registers.set(2, result < 0 ? 0xffff_ffff : 0, result >>> 0);
  };
}
