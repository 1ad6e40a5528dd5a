import { CommonCommand } from "./ccw.ts";
import type { CcwDataStream } from "./ccw-data-stream.ts";
import { type ChannelDevice, type CommandEnd, type DeviceCommand, normalEnd, type SenseId } from "./channel-device.ts";

/** Bytes that BASIC SENSE gives, and most that concurrent sense stores. */
export const senseLength = 32;
const senseIdLength = 256;

/** The commands that every device answers alike, and the sense data that the last unit check left. */
export class ControlUnit {
  readonly device: ChannelDevice;
  #sense: Uint8Array | undefined;

  constructor(device: ChannelDevice) {
    this.device = device;
  }

  execute(ccw: DeviceCommand, data: CcwDataStream): CommandEnd | Promise<CommandEnd> {
    switch (ccw.command) {
      case CommonCommand.noOperation:
        return normalEnd;
      case CommonCommand.basicSense:
        data.write(this.takeSense());
        return normalEnd;
      case CommonCommand.senseId:
        data.write(encodeSenseId(this.device.senseId));
        return normalEnd;
      default:
        // A new command ends the interest in what was wrong with the last one.
        this.#sense = undefined;
        return this.device.execute(ccw, data);
    }
  }

  keepSense(sense: Uint8Array | undefined): void {
    this.#sense = sense;
  }

  /** The 32 sense bytes; they are given once. */
  takeSense(): Uint8Array {
    const bytes = new Uint8Array(senseLength);
    if (this.#sense) bytes.set(this.#sense.subarray(0, senseLength));
    this.#sense = undefined;
    return bytes;
  }

  reset(): void {
    this.#sense = undefined;
  }
}

function encodeSenseId(id: SenseId): Uint8Array {
  const bytes = new Uint8Array(senseIdLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0xff);
  view.setUint16(1, id.controlUnitType);
  view.setUint8(3, id.controlUnitModel);
  view.setUint16(4, id.deviceType ?? 0);
  view.setUint8(6, id.deviceModel ?? 0);
  return bytes;
}
