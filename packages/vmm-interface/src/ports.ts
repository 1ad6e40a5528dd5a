/**
 * Ports between a z/Architecture CPU and the parts around it. The CPU does operand access, translation and privilege
 * checks; a port sees values and absolute addresses only. Nothing here throws for what a guest did.
 */

/**
 * Result of an I/O instruction: a condition code 0 to 3, or `-c` to ask for the program interruption with code `c`
 * (for instance -0x15 for an operand exception).
 */
export type IoResult = number;

/** What an I/O interruption stores at real locations 184 to 195, and TPI in its operand (PoP chapter 6). */
export interface IoInterruption {
  /** Subsystem-identification word, 32 bits (0x00010000 | subchannel set | number); for an adapter interruption 0. */
  readonly subsystemId: number;
  /** Interruption parameter from the ORB or PMCW, 32 bits. */
  readonly parameter: number;
  /** I/O-interruption-identification word, 32 bits: bit 0 adapter interruption, bits 2-4 interruption subclass. */
  readonly identification: number;
}

/**
 * The channel subsystem as the CPU drives it: one function per I/O instruction (PoP chapter 14).
 * `subchannel` is the 32-bit value of general register 1. Byte arrays are in guest (big-endian) layout.
 */
export interface ChannelSubsystemPort {
  /** SSCH. `orb`: 32 bytes. */
  startSubchannel(subchannel: number, orb: Uint8Array): IoResult;
  /** TSCH. Fills `irb` (96 bytes; the first 64 are meaningful unless extended measurement is on). */
  testSubchannel(subchannel: number, irb: Uint8Array): IoResult;
  /** STSCH. Fills `schib` (52 bytes). */
  storeSubchannel(subchannel: number, schib: Uint8Array): IoResult;
  /** MSCH. `schib`: 52 bytes. */
  modifySubchannel(subchannel: number, schib: Uint8Array): IoResult;
  /** CSCH. */
  clearSubchannel(subchannel: number): IoResult;
  /** HSCH. */
  haltSubchannel(subchannel: number): IoResult;
  /** RSCH. */
  resumeSubchannel(subchannel: number): IoResult;
  /** XSCH. */
  cancelSubchannel(subchannel: number): IoResult;
  /** STCRW: the 32-bit channel-report word, or 0 when none is pending. */
  storeChannelReportWord(): number;
  /** CHSC. `address`: absolute address of the 4 KiB command block, already checked for alignment and access. */
  channelSubsystemCall(address: number): IoResult;
  /** SAL with the 32-bit value of general register 1. */
  setAddressLimit(limit: number): IoResult;
  /** SCHM with the 32-bit value of general register 1 and the 64-bit value of general register 2 in two halves. */
  setChannelMonitor(control: number, originHigh: number, originLow: number): IoResult;
  /** RCHP with the 32-bit value of general register 1. */
  resetChannelPath(path: number): IoResult;

  /** Interruption subclasses with a pending I/O interruption; subclass n is bit 0x80 >> n. Cheap: polled often. */
  pendingInterruptionSubclasses(): number;
  /** Removes and returns the most urgent pending interruption whose subclass bit is set in `mask` (0x80 >> isc). */
  takeInterruption(mask: number): IoInterruption | undefined;
  /**
   * Whether the channel-report-pending machine-check condition is pending (subclass mask CR14 bit 35): a report word
   * was queued since the program last emptied the queue with STCRW, and the condition was not yet presented.
   */
  channelReportPending(): boolean;
  /** The CPU took the machine check: the condition is no longer pending, though the report words stay until STCRW. */
  channelReportPresented(): void;
  /** Effect of a subsystem reset (system reset, DIAG 0x308 subcodes 0, 1, 3, 4). */
  reset(): void;
}

/** The service-call logical processor, reached by SERVICE CALL (opcode B220). */
export interface ServiceCallPort {
  /**
   * @param command SCLP command word, 32 bits
   * @param address absolute address of the SCCB, already known to be in storage, below 2 GiB and 8-byte aligned
   * @returns condition code 0 (accepted: a service-signal external interruption follows), 2 (busy) or 3 (not operational);
   * or `-c` to ask for the program interruption with code `c` (block shorter than its header, or reaching out of storage)
   */
  serviceCall(command: number, address: number): number;
  /** Removes and returns the parameter of a pending service signal (external interruption 0x2401), or 0. */
  takeServiceSignal(): number;
  /** Whether a service signal is pending. Cheap: polled often. */
  serviceSignalPending(): boolean;
  reset(): void;
}

/**
 * PCI functions as the CPU's PCI instructions drive them. `handle` is the function handle, bits 0 to 31 of a request; `control` is the rest of it,
 * bits 32 to 63 (address space, length, operation). 64-bit values come in two unsigned halves. Nothing here throws for what a guest did.
 *
 * Every method returns a condition code 0 to 3, with the status that belongs into bits 32 to 39 of the request register in bits 8 to 15; or
 * `-c` to ask for the program interruption with code `c`.
 */
export interface PciPort {
  /** PCILG. Puts the value, right-aligned, into `data`: high half, low half. */
  load(handle: number, control: number, offsetHigh: number, offsetLow: number, data: Uint32Array): number;
  /** PCISTG. */
  store(handle: number, control: number, offsetHigh: number, offsetLow: number, dataHigh: number, dataLow: number): number;
  /** PCISTB, before the block is fetched: 0 if it is to be fetched, else the result. */
  checkStoreBlock(handle: number, control: number, offsetHigh: number, offsetLow: number): number;
  /** PCISTB, with the block of as many bytes as `control` says. */
  storeBlock(handle: number, control: number, offsetHigh: number, offsetLow: number, block: Uint8Array): number;
  /** MPCIFC. `block`: the function information block, 80 bytes. */
  modifyControls(handle: number, control: number, block: Uint8Array): number;
  /** STPCIFC. Fills `block`, 80 bytes, if the condition code is 0. Bit 16 of the result asks for bit 0 of the request register to be set. */
  storeControls(handle: number, control: number, block: Uint8Array): number;
  /** RPCIT: translations of `range` bytes from `start` on may have changed. */
  refreshTranslations(handle: number, startHigh: number, startLow: number, rangeHigh: number, rangeLow: number): number;
  /** SIC. */
  setInterruptionControls(operation: number, subclass: number): number;
  /** CLP. `block`: request and response together, at most 8 KiB; the response part is written. `requestLength` in bytes. */
  callLogicalProcessor(selector: number, block: Uint8Array, requestLength: number): number;
}

/** An external interruption with parameters (PoP chapter 6), for instance that of the s390 descriptor page with code 0x2603. */
export interface ExternalInterruption {
  /** Interruption code, 16 bits, stored at real location 134. */
  readonly code: number;
  /** Stored at real locations 132-133 (CPU address or subcode), 16 bits. */
  readonly cpuAddress: number;
  /** Stored at real locations 128-131, 32 bits. */
  readonly parameter: number;
  /** Stored at real locations 4536-4543 (64 bits, in two unsigned halves), for codes that use it. Default 0. */
  readonly parameter64?: { readonly high: number; readonly low: number };
}

/** A part whose external interruptions the CPU fetches when the PSW and control register 0 let it. */
export interface ExternalInterruptionPort {
  /** Code of the most urgent pending interruption, or 0. Cheap: polled often. */
  pendingExternalInterruption(): number;
  /** Removes and returns that interruption. */
  takeExternalInterruption(): ExternalInterruption | undefined;
}

/** Access to the 64-bit general registers of the CPU that issued a DIAGNOSE, as unsigned 32-bit halves. */
export interface RegisterAccess {
  high(register: number): number;
  low(register: number): number;
  set(register: number, high: number, low: number): void;
}

/**
 * A hypercall behind DIAGNOSE, by code (for instance 0x500).
 * @returns 0 when done; or a program interruption code (for instance 6, specification) to be presented instead.
 */
export type DiagnoseHandler = (registers: RegisterAccess, r1: number, r3: number) => number;

/** How parts around the CPU get its attention. Implemented by the machine; safe to call at any time, also re-entrantly. */
export interface AttentionPort {
  /** Something that may interrupt the CPU became pending; the CPU polls its sources soon. */
  raise(): void;
}
