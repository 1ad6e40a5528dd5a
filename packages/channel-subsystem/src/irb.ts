import { viewOf } from "./schib.ts";
import { type SubchannelStatusWord, scswLength } from "./subchannel-status.ts";

/** Bytes of an interruption-response block: SCSW, ESW, ECW, and the extended-measurement word. */
export const irbLength = 96;

const erwOffset = scswLength + 4;
const ecwOffset = 32;
const concurrentSense = 0x0100_0000;
const concurrentSenseCountShift = 16;

/**
 * Stores an interruption-response block with a format-1 extended-status word (PoP chapter 16).
 * @param lastPathUsedMask the path that the status came over
 * @param sense 32 bytes of concurrent sense data, if any
 */
export function storeIrb(irb: Uint8Array, scsw: SubchannelStatusWord, lastPathUsedMask: number, sense: Uint8Array | undefined): void {
  const view = viewOf(irb);
  irb.fill(0);
  scsw.store(view, 0);
  view.setUint8(scswLength + 1, lastPathUsedMask);
  if (!sense) return;
  view.setUint32(erwOffset, concurrentSense | (sense.length << concurrentSenseCountShift));
  irb.set(sense, ecwOffset);
}
