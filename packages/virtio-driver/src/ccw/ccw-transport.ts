import type { Endian, GuestMemory } from "@zarch/guest-memory";
import type { DriverInterface } from "@zarch/virtio";
import type { ChannelSubsystemPort } from "@zarch/vmm-interface";
import type { BufferSpan } from "@zarch/vring";
import { DriverError } from "../errors.ts";
import type { Polling } from "../polling.ts";
import { LEGACY_ALIGN } from "../queue-memory.ts";
import { defaultRegion } from "../region.ts";
import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "../transport.ts";
import type { CcwInterruptions, InterruptionReceiver } from "./ccw-interruptions.ts";
import { CONTROL_UNIT_TYPE, Command, MAX_REVISION, payload, SENSE_ID } from "./commands.ts";
import { Indicators } from "./indicators.ts";
import { type CommandResult, SubchannelDriver } from "./subchannel.ts";

export interface CcwTransportOptions {
  readonly channel: ChannelSubsystemPort;
  /** Subsystem-identification word of the device's subchannel. */
  readonly subsystemId: number;
  /** Who takes the interruptions of the channel subsystem. */
  readonly interruptions: CcwInterruptions;
  /**
   * Available buffer notification: what a guest does with DIAGNOSE 0x500, function 3 (4.3.3.2).
   * @param cookie what the notification before returned, at first 0
   * @returns a cookie, or a negative number if the host does not know the device or the queue
   */
  readonly notify: (subsystemId: number, data: number, cookie: number) => number;
  readonly memory: GuestMemory;
  /**
   * The part of memory that is the driver's. The transport takes the first 4 KiB, which must be below 2 GiB, for itself. Default: all but the
   * first page.
   */
  readonly region?: BufferSpan;
  /** Default: the modern interface if the device has it, else the legacy one. */
  readonly driverInterface?: DriverInterface;
  /** The highest revision to try, 0 to 2. Default 2. */
  readonly maxRevision?: 0 | 1 | 2;
  /** Whether to try two-stage indicators and adapter interruptions before classic ones. Default true; legacy devices have classic ones. */
  readonly adapterIndicators?: boolean;
  /** Interruption subclass, 0 to 7. Default 3. */
  readonly subclass?: number;
  /** How to wait for the end of a command. */
  readonly polling?: Polling;
}

/** What the transport takes of the region for itself. */
const OWN_LENGTH = 4096;
const CCW_OFFSET = 0;
const INDICATORS_OFFSET = 64;
const DATA_OFFSET = 512;

/** Feature words that READ_FEAT can name. */
const FEATURE_WORDS = 256;
/** Queues that there can be. */
const QUEUES = 0x1_0000;

/**
 * The driver's end of virtio over channel I/O (virtio 4.3), revisions 0 (legacy, big-endian), 1 and 2.
 *
 * ```ts
 * const transport = await CcwTransport.open({ channel, subsystemId, interruptions, notify, memory });
 * ```
 */
export class CcwTransport implements DriverTransport, InterruptionReceiver {
  readonly name = "ccw";
  readonly memory: GuestMemory;
  readonly region: BufferSpan;
  readonly subsystemId: number;
  readonly #release: () => void;
  readonly #notify: CcwTransportOptions["notify"];
  readonly #subchannel: SubchannelDriver;
  readonly #indicators: Indicators;
  readonly #subclass: number;
  readonly #adapterWanted: boolean;
  #listener: DriverInterrupts = { queueInterrupt: () => {}, configInterrupt: () => {} };
  #deviceId = 0;
  #revision = 0;
  /** Adapter indicators are set up. */
  #adapter = false;
  /** The status as the device last accepted it: revisions 0 and 1 cannot ask. */
  #status = 0;
  #cookie = 0;
  /** The operation under way. They come one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: CcwTransportOptions) {
    const { memory, region = defaultRegion(memory), subclass = 3 } = options;
    if (region.length < OWN_LENGTH || region.address + OWN_LENGTH > 0x8000_0000) {
      throw new DriverError("ERR_DRIVER_MEMORY", "a channel program needs 4 KiB of memory below 2 GiB");
    }
    this.memory = memory;
    this.region = { address: region.address + OWN_LENGTH, length: region.length - OWN_LENGTH };
    this.subsystemId = options.subsystemId;
    this.#release = () => options.interruptions.remove(options.channel, this);
    this.#notify = options.notify;
    this.#subclass = subclass;
    this.#adapterWanted = options.adapterIndicators ?? true;
    this.#indicators = new Indicators(memory, region.address + INDICATORS_OFFSET);
    const area = {
      ccw: region.address + CCW_OFFSET,
      data: region.address + DATA_OFFSET,
      dataLength: OWN_LENGTH - DATA_OFFSET,
    };
    this.#subchannel = new SubchannelDriver(options.channel, options.subsystemId, memory, area, options.polling ?? {}, () =>
      this.#indicators.takeClassic(this.#listener),
    );
  }

  /**
   * Enables the subchannel, makes sure that a virtio device is behind it, and sets the revision (4.3.2.1).
   * @throws DriverError ERR_DRIVER_DEVICE_TYPE if it is no virtio device, or has not the interface asked for; ERR_DRIVER_TRANSPORT
   */
  static async open(options: CcwTransportOptions): Promise<CcwTransport> {
    const transport = new CcwTransport(options);
    options.interruptions.add(options.channel, transport);
    transport.#subchannel.enable(transport.#subclass);
    await transport.#identify();
    await transport.#setRevision(options);
    return transport;
  }

  /** Virtio-ccw revision in use. */
  get revision(): number {
    return this.#revision;
  }

  get deviceId(): number {
    return this.#deviceId;
  }

  get statusUnreadable(): boolean {
    return this.#revision < 2;
  }

  get driverInterface(): DriverInterface {
    return this.#revision === 0 ? "legacy" : "modern";
  }

  get endian(): Endian {
    return this.#revision === 0 ? "big" : "little";
  }

  async #identify(): Promise<void> {
    const { accepted, data } = await this.#subchannel.execute(SENSE_ID, new Uint8Array(7), true);
    const view = new DataView(data.buffer);
    // Device type and model, in the bytes behind, mean nothing.
    if (!accepted || view.getUint8(0) !== 0xff || view.getUint16(1) !== CONTROL_UNIT_TYPE) {
      throw new DriverError("ERR_DRIVER_DEVICE_TYPE", "no virtio device: its control unit type is another one");
    }
    this.#deviceId = view.getUint8(3);
  }

  async #setRevision({ driverInterface, maxRevision = MAX_REVISION }: CcwTransportOptions): Promise<void> {
    const highest = driverInterface === "legacy" ? 0 : maxRevision;
    const lowest = driverInterface === "modern" ? 1 : 0;
    for (let revision = highest; revision >= lowest; revision--) {
      const { accepted } = await this.#subchannel.execute(Command.setRevision, payload([2, revision], [2, 0]));
      this.#revision = revision;
      if (accepted) return;
    }
    // A device from before revisions rejects all of them, and behaves as with revision 0 (4.3.2.1.3).
    if (lowest > 0) throw new DriverError("ERR_DRIVER_DEVICE_TYPE", "the device has only the legacy interface");
  }

  /** Disables the subchannel and takes no more interruptions: the end of the transport, after that of its driver. */
  release(): void {
    this.#release();
    this.#subchannel.disable();
  }

  listen(interrupts: DriverInterrupts): void {
    this.#listener = interrupts;
  }

  subchannelInterruption(): void {
    this.#subchannel.interrupted();
  }

  adapterInterruption(): void {
    this.#indicators.takeAdapter(this.#listener);
  }

  #exclusive<R>(operation: () => Promise<R>): Promise<R> {
    const result = this.#turn.then(operation);
    this.#turn = result.catch(() => {});
    return result;
  }

  #execute(command: number, data: Uint8Array, anyLength = false): Promise<CommandResult> {
    return this.#exclusive(() => this.#subchannel.execute(command, data, anyLength));
  }

  async #accepted(command: number, data: Uint8Array): Promise<boolean> {
    return (await this.#execute(command, data)).accepted;
  }

  /** Resets the device, which forgets its indicators with it, and sets them up again. */
  async reset(): Promise<void> {
    this.#adapter = false;
    await this.#insist(Command.reset, new Uint8Array(0), "a reset");
    this.#status = 0;
    this.#cookie = 0;
    this.#indicators.clear();
    await this.#setIndicators();
  }

  async #setIndicators(): Promise<void> {
    const { summary, adapter, queues, config } = this.#indicators;
    if (this.#adapterWanted && this.#revision > 0) {
      const area = payload([8, summary], [8, adapter], [8, 0], [1, this.#subclass]);
      this.#adapter = await this.#accepted(Command.setAdapterIndicators, area);
    }
    if (!this.#adapter) await this.#insist(Command.setIndicators, payload([8, queues]), "queue indicators");
    await this.#insist(Command.setConfigIndicators, payload([8, config]), "configuration indicators");
  }

  async #insist(command: number, data: Uint8Array, what: string): Promise<void> {
    if (!(await this.#accepted(command, data))) throw new DriverError("ERR_DRIVER_REFUSED", `the device refuses ${what}`);
  }

  async readStatus(): Promise<number> {
    if (this.statusUnreadable) return this.#status;
    const { accepted, data } = await this.#execute(Command.readStatus, new Uint8Array(1));
    if (!accepted) throw new DriverError("ERR_DRIVER_REFUSED", "the device refuses to tell its status");
    return data[0] as number;
  }

  async writeStatus(status: number): Promise<boolean> {
    const accepted = await this.#accepted(Command.writeStatus, Uint8Array.of(status));
    if (accepted) this.#status = status;
    return accepted;
  }

  async readDeviceFeatures(word: number): Promise<number> {
    if (word >= FEATURE_WORDS) return 0;
    const { accepted, data } = await this.#execute(Command.readFeatures, Uint8Array.of(0, 0, 0, 0, word));
    return accepted ? new DataView(data.buffer).getUint32(0, true) : 0;
  }

  async writeDriverFeatures(word: number, value: number): Promise<boolean> {
    if (word >= FEATURE_WORDS) return value === 0;
    const data = new DataView(new ArrayBuffer(5));
    data.setUint32(0, value, true);
    data.setUint8(4, word);
    return this.#accepted(Command.writeFeatures, new Uint8Array(data.buffer));
  }

  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    const { accepted, data } = await this.#execute(Command.readConfig, new Uint8Array(offset + length), true);
    if (!accepted) throw new DriverError("ERR_DRIVER_REFUSED", "the device refuses to tell its configuration");
    return data.subarray(offset);
  }

  /** Configuration moves from its start on, so that what lies before the field is written with it. */
  writeConfig(offset: number, data: Uint8Array): Promise<void> {
    return this.#exclusive(async () => {
      const before =
        offset === 0 ? new Uint8Array(0) : (await this.#subchannel.execute(Command.readConfig, new Uint8Array(offset), true)).data;
      const { accepted } = await this.#subchannel.execute(Command.writeConfig, Uint8Array.from([...before, ...data]), true);
      if (!accepted) throw new DriverError("ERR_DRIVER_REFUSED", "the device refuses a write to its configuration");
    });
  }

  async queueMaxSize(queue: number): Promise<number> {
    if (queue >= QUEUES) return 0;
    const { accepted, data } = await this.#execute(Command.readVirtqueueConfig, payload([2, queue], [2, 0]));
    return accepted ? new DataView(data.buffer).getUint16(2) : 0;
  }

  setUpQueue(queue: number, { size, areas }: DriverQueueSetup): Promise<boolean> {
    const block =
      this.#revision === 0
        ? payload([8, areas.descriptor], [4, LEGACY_ALIGN], [2, queue], [2, size])
        : payload([8, areas.descriptor], [4, 0], [2, queue], [2, size], [8, areas.driver], [8, areas.device]);
    return this.#accepted(Command.setVirtqueue, block);
  }

  notify(queue: number, data?: number): void {
    const cookie = this.#notify(this.subsystemId, data === undefined ? queue : data * 0x1_0000 + queue, this.#cookie);
    this.#cookie = Math.max(0, cookie);
  }
}
