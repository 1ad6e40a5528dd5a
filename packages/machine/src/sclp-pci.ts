import { ResponseCode, type SclpCommandHandler } from "@zarch/sclp";
import type { ZpciBus } from "@zarch/zpci";

/** Commands that configure I/O adapters and take that back. */
const CONFIGURE = 0x001a_0001;
const DECONFIGURE = 0x001b_0001;

/** The adapter type of PCI functions, and where type and function ID are in the block. */
const PCI_FUNCTION = 2;
const ADAPTER_TYPE = 8;
const ADAPTER_ID = 12;
const BLOCK_LENGTH = 16;

const UNKNOWN_ADAPTER_TYPE = 0x06f0;

/** Facility bit of READ SCP INFO, lower word: PCI functions can be configured. */
export const PCI_SCLP_FACILITY = 0x4000_0000;

/** The SCLP commands for PCI functions. */
export function pciSclpCommands(zpci: ZpciBus): ReadonlyMap<number, SclpCommandHandler> {
  const command =
    (action: (functionId: number) => number): SclpCommandHandler =>
    (sccb) => {
      if (sccb.length < BLOCK_LENGTH) return ResponseCode.insufficientSccbLength;
      return sccb.view.getUint8(ADAPTER_TYPE) === PCI_FUNCTION ? action(sccb.view.getUint32(ADAPTER_ID)) : UNKNOWN_ADAPTER_TYPE;
    };
  return new Map([
    [CONFIGURE, command((id) => zpci.configure(id))],
    [DECONFIGURE, command((id) => zpci.deconfigure(id))],
  ]);
}
