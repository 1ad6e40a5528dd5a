/** Who the CPU and its machine say they are: STIDP, STSI, STAP, SCLP. */
export interface CpuIdentity {
  /** CPU address, 16 bits. */
  readonly address: number;
  /** CPU identification number, 24 bits. */
  readonly identification: number;
  /** Machine-type number as four hexadecimal digits, for example 0x2817 (z196). */
  readonly machineType: number;
  /** Names for SYSIB 3.2.2 (this virtual machine under a control program), at most 8 and 16 characters. */
  readonly vmName: string;
  readonly controlProgram: string;
  /** UUID of the virtual machine, 16 bytes. */
  readonly uuid: Uint8Array;
  /** Long name of the virtual machine, at most 255 bytes of UTF-8. */
  readonly extendedName: string;
  /** Number of configured CPUs. */
  readonly cpus: number;
  /**
   * CPU capability of SYSIB 1.2.2, an unsigned integer of at most 23 bits; smaller is faster. Linux shows ten million divided
   * by it as "bogomips per cpu".
   */
  readonly capability: number;
}

export const defaultIdentity: CpuIdentity = {
  address: 0,
  identification: 0,
  machineType: 0x2817,
  vmName: "zarch",
  controlProgram: "KVM/Linux",
  uuid: new Uint8Array(16),
  extendedName: "zarch",
  cpus: 1,
  // 300 "bogomips": about the millions of instructions that the interpreter executes in a second.
  capability: 33_333,
};
