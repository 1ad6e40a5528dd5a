import type { Logger } from "@zarch/vmm-interface";
import { type Ccw, CcwFlags } from "./ccw.ts";
import { ChannelDataStream } from "./ccw-data-stream.ts";
import { type CommandEnd, SenseByte0, unitCheck } from "./channel-device.ts";
import { ChannelProgram } from "./channel-program.ts";
import type { ChannelCheck, ChannelStorage } from "./channel-storage.ts";
import type { ControlUnit } from "./control-unit.ts";
import type { OperationRequestBlock } from "./orb.ts";
import { DeviceStatus, SubchannelStatus } from "./subchannel-status.ts";

/** Commands executed at a stretch; a longer program goes on after other work of the host had its turn. */
export const commandsPerSlice = 256;

/** How a start function ended, for the subchannel-status word. */
export interface StartFunctionEnd {
  readonly deviceStatus: number;
  readonly subchannelStatus: number;
  /** Residual count in bytes. */
  readonly count: number;
  /** Whether the device had accepted the first command; if not, deferred condition code 1 tells so. */
  readonly begun: boolean;
  readonly sense: Uint8Array | undefined;
}

/** The subchannel, as the start function tells it what happens. */
export interface StartFunctionListener {
  /** A command is being executed at the device. */
  commandStarted(first: boolean): void;
  programControlledInterruption(): void;
  suspended(): void;
  ended(end: StartFunctionEnd): void;
}

export interface StartFunctionEnvironment {
  readonly storage: ChannelStorage;
  readonly controlUnit: ControlUnit;
  /** Runs work later, after the host had a chance to do something else. */
  readonly defer: (work: () => void) => void;
  readonly logger: Logger;
}

const ended = DeviceStatus.channelEnd | DeviceStatus.deviceEnd;
const chainable = ended | DeviceStatus.statusModifier;

/** Executes one channel program: the start function of one subchannel (PoP chapter 15, "Execution of I/O Operations"). */
export class StartFunction {
  readonly orb: OperationRequestBlock;
  /** Settles when the device is done with the command it works on asynchronously; never rejects. */
  pending: Promise<void> | undefined;

  readonly #environment: StartFunctionEnvironment;
  readonly #listener: StartFunctionListener;
  readonly #program: ChannelProgram;
  #live = true;
  #begun = false;
  /** The command that has ended at the channel and chains as soon as the device ends. */
  #awaitingDeviceEnd: { readonly count: number; readonly status: number } | undefined;
  #stream: ChannelDataStream | undefined;

  constructor(orb: OperationRequestBlock, environment: StartFunctionEnvironment, listener: StartFunctionListener) {
    this.orb = orb;
    this.#environment = environment;
    this.#listener = listener;
    this.#program = new ChannelProgram(environment.storage, orb);
  }

  /** Address of the CCW used last, plus 8. */
  get ccwAddress(): number {
    return this.#program.current + 8;
  }

  /** Whether a command is under way at the device. */
  get atDevice(): boolean {
    return this.pending !== undefined || this.#awaitingDeviceEnd !== undefined;
  }

  /** Runs the program from the beginning, or from where it was suspended. */
  run(): void {
    for (let budget = commandsPerSlice; budget > 0; budget--) {
      if (!this.#live || !this.#executeNext()) return;
    }
    this.#listener.commandStarted(false);
    this.#environment.defer(() => {
      if (this.#live) this.run();
    });
  }

  /** Ends the execution without a word to the listener. The device may still be busy; see {@link pending}. */
  stop(): void {
    this.#live = false;
    this.#stream?.close();
    this.#awaitingDeviceEnd = undefined;
  }

  /** Takes device end presented after channel end. Returns whether it was waited for. */
  deviceEnd(end: CommandEnd): boolean {
    const waiting = this.#awaitingDeviceEnd;
    if (waiting === undefined || !this.#live) return false;
    this.#awaitingDeviceEnd = undefined;
    if ((end.status & ~chainable) !== 0) this.#end(waiting.status | end.status, 0, waiting.count, end.sense);
    else this.#chain(end.status);
    return true;
  }

  /** Executes the next command. Returns whether the program goes on right now. */
  #executeNext(): boolean {
    const ccw = this.#program.fetch();
    if (ccw === undefined) return this.#end(0, this.#program.check, 0);
    const check = this.#program.judgeCommand(ccw);
    if (check !== 0) return this.#end(0, check, ccw.count);
    if ((ccw.flags & CcwFlags.suspend) !== 0) {
      this.#program.refetch();
      this.#listener.suspended();
      return false;
    }
    this.#noteInterruptionFlag(ccw);
    const stream = new ChannelDataStream(this.#environment.storage, ccw, this.orb, () => this.#nextChained(ccw, stream));
    this.#stream = stream;
    const end = this.#execute(ccw, stream);
    if (!(end instanceof Promise)) return this.#live && this.#commandEnded(ccw, stream, end);
    this.#commandStarted();
    const settle = (result: CommandEnd): void => {
      this.pending = undefined;
      if (this.#live && this.#commandEnded(ccw, stream, result)) this.run();
    };
    this.pending = end.then(settle, (error: unknown) => settle(this.#failed(error)));
    return false;
  }

  #execute(ccw: Ccw, stream: ChannelDataStream): CommandEnd | Promise<CommandEnd> {
    try {
      return this.#environment.controlUnit.execute(ccw, stream);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): CommandEnd {
    this.#environment.logger.log("error", "a channel device failed in a command", { error });
    return unitCheck(SenseByte0.equipmentCheck);
  }

  #commandStarted(): void {
    this.#listener.commandStarted(!this.#begun);
    this.#begun = true;
  }

  #nextChained(first: Ccw, stream: ChannelDataStream): Ccw | undefined {
    const ccw = this.#program.fetch();
    const check = ccw === undefined ? this.#program.check : this.#program.judgeChainedData(ccw, first.command);
    if (ccw === undefined || check !== 0) {
      stream.stop(check);
      return undefined;
    }
    this.#noteInterruptionFlag(ccw);
    return ccw;
  }

  #noteInterruptionFlag(ccw: Ccw): void {
    if ((ccw.flags & CcwFlags.programControlledInterruption) !== 0) this.#listener.programControlledInterruption();
  }

  /** Returns whether the program goes on right now. */
  #commandEnded(first: Ccw, stream: ChannelDataStream, end: CommandEnd): boolean {
    stream.close();
    if (stream.used && !this.#begun) this.#commandStarted();
    // What the channel subsystem found outweighs what the device made of a transfer that was stopped.
    if (stream.check !== 0) return this.#end(ended, stream.check, stream.residual);
    let status = end.status;
    if (stream.used && (status & DeviceStatus.channelEnd) === 0) status |= ended;
    if ((status & DeviceStatus.channelEnd) !== 0) this.#begun = true;
    const last = stream.ccw;
    const check = this.#isIncorrectLength(first, stream, status) ? SubchannelStatus.incorrectLength : 0;
    const chains = (last.flags & (CcwFlags.chainCommand | CcwFlags.chainData)) === CcwFlags.chainCommand;
    if (!chains || check !== 0 || (status & ~chainable) !== 0) return this.#end(status, check, stream.residual, end.sense);
    if ((status & DeviceStatus.deviceEnd) === 0) {
      this.#awaitingDeviceEnd = { count: stream.residual, status };
      this.#commandStarted();
      return false;
    }
    if ((status & DeviceStatus.statusModifier) !== 0) this.#program.skip();
    return true;
  }

  /** PoP chapter 16, "Incorrect Length"; chapter 15, "Suppress-Length-Indication Flag" and ORB bit L. */
  #isIncorrectLength(first: Ccw, stream: ChannelDataStream, status: number): boolean {
    if ((status & DeviceStatus.channelEnd) === 0) return false;
    const last = stream.ccw;
    const chainsData = (last.flags & CcwFlags.chainData) !== 0;
    const suppressed = !chainsData && (last.flags & CcwFlags.suppressLengthIndication) !== 0;
    const mismatch = stream.residual !== 0 || stream.overrun;
    if (stream.used || chainsData) return mismatch && !suppressed;
    // An immediate operation: nothing was moved because the command has no data.
    return this.orb.format1 && first.count !== 0 && !suppressed && !this.orb.suppressIncorrectLength;
  }

  #chain(status: number): void {
    if ((status & DeviceStatus.statusModifier) !== 0) this.#program.skip();
    this.run();
  }

  #end(deviceStatus: number, subchannelStatus: ChannelCheck, count: number, sense?: Uint8Array): false {
    this.#live = false;
    this.#listener.ended({ deviceStatus, subchannelStatus, count, begun: this.#begun, sense });
    return false;
  }
}
