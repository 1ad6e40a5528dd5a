import type { Ccw } from "./ccw.ts";
import type { CcwDataStream } from "./ccw-data-stream.ts";
import { DeviceStatus } from "./subchannel-status.ts";

/** What SENSE ID tells about a device. */
export interface SenseId {
  /** Control-unit type, 16 bits. */
  readonly controlUnitType: number;
  /** Control-unit model, 8 bits. */
  readonly controlUnitModel: number;
  /** Device type, 16 bits; 0 (the default) if there is none. */
  readonly deviceType?: number;
  /** Device model, 8 bits. */
  readonly deviceModel?: number;
}

/** How a command ended at the device. */
export interface CommandEnd {
  /** {@link DeviceStatus} bits. Without device end, the device presents that later through its port. */
  readonly status: number;
  /** Sense bytes, at most 32, that go with unit check. */
  readonly sense?: Uint8Array;
}

/** The part of the command word that concerns a device. */
export type DeviceCommand = Pick<Ccw, "command" | "flags" | "count">;

/** An I/O device with its control unit, as the channel subsystem drives it. */
export interface ChannelDevice {
  readonly senseId: SenseId;
  /**
   * Executes one command other than no-operation, basic sense and sense ID. Called again only after the last call has settled.
   * An error thrown becomes unit check with equipment check, and is logged.
   * @param data moves the command's data; usable until the returned value settles
   */
  execute(ccw: DeviceCommand, data: CcwDataStream): CommandEnd | Promise<CommandEnd>;
  /** The operation in progress was halted (HSCH). It has ended for the program; data cannot be moved any more. */
  halt?(): void;
  /** All operations and status were cleared (CSCH). */
  clear?(): void;
  /** The program enabled or disabled the subchannel (MSCH), or a subsystem reset disabled it. */
  enabledChanged?(enabled: boolean): void;
  /** Subsystem reset: the device goes back to its initial state, now or when the promise settles. */
  reset?(): void | Promise<void>;
  /** Called by attach with the device's way to the channel subsystem, and by detach without. */
  attached?(port: ChannelDevicePort | undefined): void;
}

/** What a device asks of the channel subsystem on its own account. */
export interface ChannelDevicePort {
  /** The subsystem-identification word as the guest sees it, 32 bits: 0x00010000 | subchannel set << 17 | number. */
  readonly subsystemId: number;
  readonly deviceNumber: number;
  /**
   * Presents status that no command asked for: the subchannel becomes status-pending with alert status (PoP chapter 16).
   * With device end, and a command waiting for that, the command ends. Status 0 is a bare alert: it is merged into whatever is
   * pending; any other status waits for its turn. Nothing happens while the subchannel is disabled.
   */
  present(status: number, sense?: Uint8Array): void;
}

/** Channel end and device end: the command is done. */
export const normalEnd: CommandEnd = { status: DeviceStatus.channelEnd | DeviceStatus.deviceEnd };

/** Bits of sense byte 0 that are the same for most devices. */
export const SenseByte0 = {
  commandReject: 0x80,
  interventionRequired: 0x40,
  busOutCheck: 0x20,
  equipmentCheck: 0x10,
  dataCheck: 0x08,
  overrun: 0x04,
} as const;

/** Unit check with the given sense byte 0: the command was refused or failed. */
export function unitCheck(senseByte0: number): CommandEnd {
  return { status: DeviceStatus.unitCheck, sense: Uint8Array.of(senseByte0) };
}

export const commandReject: CommandEnd = unitCheck(SenseByte0.commandReject);
