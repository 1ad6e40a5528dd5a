import { viewOf } from "./schib.ts";

/** Bytes of an operation-request block: three words, and five more that count only when the extension bit X is one. */
export const orbLength = 32;

/** An operation-request block in command mode (PoP chapter 15). */
export interface OperationRequestBlock {
  readonly interruptionParameter: number;
  /** Bits 0-15 of word 1: the key and the control bits that the SCSW repeats. */
  readonly controls: number;
  /** Storage key of the channel program, 0 to 15. */
  readonly key: number;
  readonly suspendControl: boolean;
  /** Whether the channel-command words have format 1. */
  readonly format1: boolean;
  readonly initialStatusInterruption: boolean;
  readonly addressLimitChecking: boolean;
  readonly suppressSuspendedInterruption: boolean;
  /** Whether indirect-data-address words have format 2 (64 bits). */
  readonly format2Idaws: boolean;
  /** Bytes of the block that one format-2 IDAW names: 2048 or 4096. */
  readonly idawBlock: number;
  readonly logicalPathMask: number;
  readonly suppressIncorrectLength: boolean;
  /** Whether a CCW may use modified indirect data addressing. */
  readonly modifiedIndirectAddressing: boolean;
  /** Absolute address of the first channel-command word, 31 bits. */
  readonly channelProgram: number;
}

const transportMode = 0x0004;
const reservedInWord1 = 0x0000_003e;

/** @returns undefined when START SUBCHANNEL has to end with an operand exception */
export function parseOrb(orb: Uint8Array): OperationRequestBlock | undefined {
  const view = viewOf(orb);
  const controls = view.getUint16(4);
  const low = view.getUint16(6);
  const channelProgram = view.getUint32(8);
  if ((controls & transportMode) !== 0 || (low & reservedInWord1) !== 0 || channelProgram >= 0x8000_0000) return undefined;
  if ((low & 1) !== 0 && !isExtensionValid(view)) return undefined;
  const format2Idaws = (controls & 0x0002) !== 0;
  return {
    interruptionParameter: view.getUint32(0),
    controls,
    key: controls >> 12,
    suspendControl: (controls & 0x0800) !== 0,
    format1: (controls & 0x0080) !== 0,
    initialStatusInterruption: (controls & 0x0020) !== 0,
    addressLimitChecking: (controls & 0x0010) !== 0,
    suppressSuspendedInterruption: (controls & 0x0008) !== 0,
    format2Idaws,
    idawBlock: format2Idaws && (controls & 0x0001) === 0 ? 4096 : 2048,
    logicalPathMask: low >> 8,
    suppressIncorrectLength: (low & 0x0080) !== 0,
    modifiedIndirectAddressing: (low & 0x0040) !== 0,
    channelProgram,
  };
}

/** The extension holds two priority bytes; everything else in it is reserved. */
function isExtensionValid(view: DataView): boolean {
  if ((view.getUint32(12) & 0x00ff_00ff) !== 0) return false;
  for (let offset = 16; offset < orbLength; offset += 4) if (view.getUint32(offset) !== 0) return false;
  return true;
}
