import type { DiagnoseHandler, RegisterAccess } from "@zarch/vmm-interface";

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
export type CcwNotify = (subchannel: number, queue: number, cookie: number) => number;

/** Function 3 (virtio section 4.3.3.2): subchannel in GPR 2 (upper half ignored), queue in GPR 3, cookie in GPR 4 and back in GPR 2. */
export function ccwNotification(notify: CcwNotify): Hypercall {
  return (registers) => {
    const cookie = registers.high(4) * 0x1_0000_0000 + registers.low(4);
    const result = notify(registers.low(2), registers.high(3) === 0 ? registers.low(3) : -1, cookie);
    registers.set(2, result < 0 ? 0xffff_ffff : Math.floor(result / 0x1_0000_0000), result >>> 0);
  };
}
