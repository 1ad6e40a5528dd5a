import type { GuestMemory } from "@zarch/guest-memory";
import type { ChannelSubsystemPort } from "@zarch/vmm-interface";
import { DriverError } from "../errors.ts";
import { type Polling, poll } from "../polling.ts";

/** CCW flag: an incorrect length is no error. */
const SUPPRESS_LENGTH_INDICATION = 0x20;

const SCHIB_LENGTH = 52;
const ORB_LENGTH = 32;
const IRB_LENGTH = 96;

/** Word 1 of an ORB: format-1 CCWs, prefetch, all logical paths. */
const ORB_FORMAT_1 = 0x00c0_ff00;

/** PMCW: enabled, device number valid, subclass in bits 2-4 of the halfword at 4; concurrent sense in word 6 (PoP chapter 15). */
const PMCW_FLAGS = 4;
const PMCW_CHARACTERISTICS = 24;
const ENABLED = 0x0080;
const DEVICE_NUMBER_VALID = 0x0001;
const SUBCLASS_SHIFT = 11;
const CONCURRENT_SENSE = 1;

/** IRB: SCSW control halfword, device and subchannel status, residual count, sense in the extended-control word (PoP chapter 16). */
const SCSW_CONTROL = 2;
const DEVICE_STATUS = 8;
const SUBCHANNEL_STATUS = 9;
const COUNT = 10;
const EXTENDED_CONTROL = 32;
const START_FUNCTION = 0x4000;
const PRIMARY = 0x0004;
const UNIT_CHECK = 0x02;
const COMMAND_REJECT = 0x80;

/** Where a channel program and its data lie: absolute addresses below 2 GiB. */
export interface ProgramArea {
  readonly ccw: number;
  readonly data: number;
  /** Bytes that the data may have. */
  readonly dataLength: number;
}

/** What came of a command. */
export interface CommandResult {
  /** False: the device rejected the command. */
  readonly accepted: boolean;
  /** The data area after the command, as long as what was sent. */
  readonly data: Uint8Array;
}

interface Status {
  readonly control: number;
  readonly deviceStatus: number;
  readonly subchannelStatus: number;
  readonly residual: number;
  readonly sense: number;
}

/** Issues commands to the device behind one subchannel, with the I/O instructions of an operating system (PoP chapter 14). */
export class SubchannelDriver {
  readonly subsystemId: number;
  readonly #channel: ChannelSubsystemPort;
  readonly #memory: GuestMemory;
  readonly #area: ProgramArea;
  readonly #polling: Polling;
  readonly #onAlert: () => void;
  #busy = false;

  /** @param onAlert the device has presented status of its own accord */
  constructor(
    channel: ChannelSubsystemPort,
    subsystemId: number,
    memory: GuestMemory,
    area: ProgramArea,
    polling: Polling,
    onAlert: () => void,
  ) {
    this.#channel = channel;
    this.subsystemId = subsystemId;
    this.#memory = memory;
    this.#area = area;
    this.#polling = polling;
    this.#onAlert = onAlert;
  }

  /**
   * Enables the subchannel, after disabling it: the device then knows that a driver begins.
   * @throws DriverError ERR_DRIVER_TRANSPORT if there is no device
   */
  enable(subclass: number): void {
    this.disable();
    this.#modify(ENABLED | (subclass << SUBCLASS_SHIFT));
  }

  /** @throws DriverError ERR_DRIVER_TRANSPORT if there is no device, or it is busy */
  disable(): void {
    this.#modify(0);
  }

  #modify(flags: number): void {
    const schib = new Uint8Array(SCHIB_LENGTH);
    const view = new DataView(schib.buffer);
    this.#expect(this.#channel.storeSubchannel(this.subsystemId, schib), "STORE SUBCHANNEL");
    view.setUint16(PMCW_FLAGS, flags | DEVICE_NUMBER_VALID);
    view.setUint32(PMCW_CHARACTERISTICS, CONCURRENT_SENSE);
    this.#expect(this.#channel.modifySubchannel(this.subsystemId, schib), "MODIFY SUBCHANNEL");
  }

  #expect(conditionCode: number, instruction: string): void {
    if (conditionCode !== 0) throw this.#failure(`${instruction} ends with condition code ${conditionCode}`);
  }

  #failure(what: string): DriverError {
    return new DriverError("ERR_DRIVER_TRANSPORT", `subchannel 0x${this.subsystemId.toString(16)}: ${what}`);
  }

  /**
   * Runs a channel program of one command and waits for its end. One at a time.
   * @param data what is sent; also the room for what comes
   * @param anyLength the device may move fewer bytes
   * @throws DriverError ERR_DRIVER_TRANSPORT for every end but a normal one and a command reject, ERR_DRIVER_TIMEOUT
   */
  async execute(command: number, data: Uint8Array, anyLength = false): Promise<CommandResult> {
    const { ccw, data: address, dataLength } = this.#area;
    if (data.length > dataLength) throw new DriverError("ERR_DRIVER_REQUEST", `a command with ${data.length} bytes of data`);
    this.#busy = true;
    try {
      this.#memory.write(address, data);
      this.#memory.storeUint8(ccw, command);
      this.#memory.storeUint8(ccw + 1, anyLength ? SUPPRESS_LENGTH_INDICATION : 0);
      this.#memory.storeUint16(ccw + 2, data.length, "big");
      this.#memory.storeUint32(ccw + 4, data.length === 0 ? 0 : address, "big");
      await poll(() => this.#start(ccw), "what it does on its subchannel", this.#polling);
      const status = await this.#end();
      const answer = new Uint8Array(data.length);
      this.#memory.read(address, answer);
      return { accepted: this.#isAccepted(status, command), data: answer };
    } finally {
      this.#busy = false;
    }
  }

  /** SSCH. Returns false if the subchannel has something else to do or to say first. */
  #start(ccw: number): boolean {
    const orb = new DataView(new ArrayBuffer(ORB_LENGTH));
    orb.setUint32(4, ORB_FORMAT_1);
    orb.setUint32(8, ccw);
    const conditionCode = this.#channel.startSubchannel(this.subsystemId, new Uint8Array(orb.buffer));
    if (conditionCode === 1) this.#test();
    if (conditionCode !== 1 && conditionCode !== 2) this.#expect(conditionCode, "START SUBCHANNEL");
    return conditionCode === 0;
  }

  async #end(): Promise<Status> {
    let end: Status | undefined;
    try {
      await poll(
        () => {
          const status = this.#test();
          if (status && (status.control & START_FUNCTION) !== 0 && (status.control & PRIMARY) !== 0) end = status;
          return end !== undefined;
        },
        "a channel program",
        this.#polling,
      );
    } catch (error) {
      // So that the subchannel can be used for something else.
      this.#channel.clearSubchannel(this.subsystemId);
      throw error;
    }
    return end as Status;
  }

  /** TSCH. Returns undefined if there is nothing new. */
  #test(): Status | undefined {
    const irb = new Uint8Array(IRB_LENGTH);
    const conditionCode = this.#channel.testSubchannel(this.subsystemId, irb);
    if (conditionCode === 1) return undefined;
    this.#expect(conditionCode, "TEST SUBCHANNEL");
    const view = new DataView(irb.buffer);
    const control = view.getUint16(SCSW_CONTROL);
    if ((control & START_FUNCTION) === 0) this.#onAlert();
    return {
      control,
      deviceStatus: view.getUint8(DEVICE_STATUS),
      subchannelStatus: view.getUint8(SUBCHANNEL_STATUS),
      residual: view.getUint16(COUNT),
      sense: view.getUint8(EXTENDED_CONTROL),
    };
  }

  #isAccepted({ deviceStatus, subchannelStatus, sense }: Status, command: number): boolean {
    if ((deviceStatus & UNIT_CHECK) !== 0 && (sense & COMMAND_REJECT) !== 0) return false;
    if ((deviceStatus & UNIT_CHECK) === 0 && subchannelStatus === 0) return true;
    const hex = (byte: number): string => `0x${byte.toString(16)}`;
    throw this.#failure(
      `command ${hex(command)} ends with device status ${hex(deviceStatus)}, subchannel status ${hex(subchannelStatus)}, sense ${hex(sense)}`,
    );
  }

  /** There is an interruption for the subchannel. The end of a command is left to who waits for it. */
  interrupted(): void {
    if (!this.#busy) this.#test();
  }
}
