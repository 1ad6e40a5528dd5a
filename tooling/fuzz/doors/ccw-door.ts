import {
  CcwFlags,
  ChannelDriver,
  ChannelSubsystem,
  encodeCcw,
  orbFormat1,
  orbLength,
} from "../../../packages/channel-subsystem/src/index.ts";
import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import { CcwNotifications, VirtioCcwCommand, VirtioCcwDevice } from "../../../packages/transport-ccw/src/index.ts";
import {
  F_NOTIFICATION_DATA,
  type QueueSetup,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  type VirtioFrontend,
} from "../../../packages/virtio/src/index.ts";
import { Finding } from "../engine/target.ts";
import type { ByteInput } from "../harness/byte-input.ts";
import { DOOR_SPACE, type Door, type DoorSetting } from "../harness/device-run.ts";
import type { FuzzMemory } from "../harness/fuzz-memory.ts";

/** Parts of the door's own memory. */
const PROGRAM = DOOR_SPACE.address + 0x100;
const DATA = DOOR_SPACE.address + 0x400;
const INDICATORS = DOOR_SPACE.address + 0x800;

const COMMANDS = Object.values(VirtioCcwCommand);

/** Alignment of the legacy layout. */
const ALIGN = 64;

/** Pieces of work put off by the channel subsystem that are done at a time. */
const MAX_DEFERRED = 20;

/** A subchannel: any channel program, and the other I/O instructions. */
export class CcwDoor implements Door {
  readonly frontend: VirtioFrontend;
  readonly legacyEndian = "big";
  readonly writesMemory = true;
  readonly #memory: FuzzMemory;
  readonly #deferred: (() => void)[] = [];
  readonly #channel: ChannelSubsystem;
  readonly #driver: ChannelDriver;
  readonly #notifications: CcwNotifications;
  #revision = 2;
  #cookie = 0;

  constructor({ device, memory, logger }: DoorSetting, input: ByteInput) {
    const options = input.u8();
    this.#memory = memory;
    this.#channel = new ChannelSubsystem({ memory, attention: { raise: () => {} }, defer: (work) => this.#deferred.push(work), logger });
    const transport = new VirtioCcwDevice(
      device,
      { memory, adapterInterruptions: this.#channel.adapterInterruptions },
      {
        ring: { packed: (options & 1) !== 0, inOrder: (options & 2) !== 0 },
        extraFeatures: (options & 4) !== 0 ? [F_NOTIFICATION_DATA] : [],
        logger,
      },
    );
    this.frontend = transport.frontend;
    this.#driver = new ChannelDriver(this.#channel, memory, this.#channel.attach(transport).subsystemId);
    this.#notifications = new CcwNotifications(this.#channel);
    this.#driver.enable();
  }

  get endian(): Endian {
    return this.frontend.driverInterface === "legacy" ? "big" : "little";
  }

  #command(command: number, payload: Uint8Array, flags = 0): Uint8Array {
    this.#memory.guest.set(payload, DATA);
    this.#driver.run(PROGRAM, [{ command, count: payload.length, address: DATA, flags }]);
    return this.#memory.guest.slice(DATA, DATA + payload.length);
  }

  #writeStatus(status: number): void {
    this.#command(VirtioCcwCommand.writeStatus, Uint8Array.of(status));
  }

  begin(features: (word: number, offered: number) => number): void {
    this.#command(VirtioCcwCommand.setRevision, Uint8Array.of(0, this.#revision, 0, 0));
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    for (let word = 0; word < (this.#revision === 0 ? 1 : 3); word++) {
      const payload = this.#command(VirtioCcwCommand.readFeatures, Uint8Array.of(0, 0, 0, 0, word));
      const view = new DataView(payload.buffer);
      view.setUint32(0, features(word, view.getUint32(0, true)), true);
      this.#command(VirtioCcwCommand.writeFeatures, payload);
    }
    if (this.#revision > 0) this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    const indicators = new DataView(new ArrayBuffer(8));
    indicators.setBigUint64(0, BigInt(INDICATORS));
    this.#command(VirtioCcwCommand.setIndicators, new Uint8Array(indicators.buffer));
    this.#command(VirtioCcwCommand.setConfigIndicators, new Uint8Array(indicators.buffer));
  }

  setUpQueue(index: number, { size, areas }: QueueSetup): void {
    const payload = new DataView(new ArrayBuffer(32));
    payload.setBigUint64(0, BigInt(areas.descriptor));
    payload.setUint32(8, this.#revision === 0 ? ALIGN : 0);
    payload.setUint16(12, index);
    payload.setUint16(14, size);
    payload.setBigUint64(16, BigInt(areas.driver));
    payload.setBigUint64(24, BigInt(areas.device));
    this.#command(VirtioCcwCommand.setVirtqueue, new Uint8Array(payload.buffer, 0, this.#revision === 0 ? 16 : 32));
  }

  end(): void {
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | (this.#revision === 0 ? 0 : STATUS_FEATURES_OK) | STATUS_DRIVER_OK);
  }

  notify(queue: number): void {
    const result = this.#notifications.notify(this.#driver.subsystemId, queue, this.#cookie);
    if (result !== -22 && result < 1) throw new Finding("answer", `a notification gives ${result}`);
  }

  reset(): void {
    this.#channel.reset();
    this.#driver.enable();
    void this.frontend.reset();
  }

  act(input: ByteInput, queue: number): void {
    switch (input.below(12)) {
      case 0:
        this.#revision = input.below(3);
        break;
      case 1:
        this.#cookie = input.flag() ? input.u8() : input.u64();
        break;
      case 2:
        this.#anyInstruction(input);
        break;
      case 3:
        this.#anyProgram(input);
        break;
      case 4:
        this.#memory.guest.set(input.bytes(input.below(64)), DOOR_SPACE.address + input.below(0x800));
        break;
      case 5:
        for (const work of this.#deferred.splice(0, MAX_DEFERRED)) work();
        break;
      case 6:
        this.#channel.takeInterruption(input.u8());
        break;
      default:
        this.#anyCommand(input, queue);
    }
  }

  /** A command with fields where its payload has them: addresses, the number of the queue, sizes. */
  #anyCommand(input: ByteInput, queue: number): void {
    const command = input.below(16) === 1 ? input.u8() : input.pick(COMMANDS);
    const payload = new DataView(new ArrayBuffer(40));
    const address = (): bigint =>
      BigInt(input.below(8) === 1 ? input.u32() : 8 * input.below(this.#memory.size / 8)) << (input.below(32) === 1 ? 24n : 0n);
    payload.setBigUint64(0, input.flag() ? address() : BigInt(input.u32()) << 32n);
    payload.setBigUint64(8, input.flag() ? address() : BigInt(queue) << 16n);
    if (input.flag()) payload.setUint16(14, input.u16());
    payload.setBigUint64(16, address());
    payload.setBigUint64(24, address());
    const flags = input.below(4) === 1 ? input.u8() & ~CcwFlags.chainCommand : CcwFlags.suppressLengthIndication;
    this.#command(
      command,
      new Uint8Array(payload.buffer, 0, input.below(8) === 1 ? input.below(41) : lengthOf(command, this.#revision)),
      flags,
    );
  }

  #anyInstruction(input: ByteInput): void {
    const channel = this.#channel;
    const id = input.below(8) === 1 ? input.u32() : this.#driver.subsystemId;
    switch (input.below(12)) {
      case 0:
        channel.clearSubchannel(id);
        break;
      case 1:
        channel.haltSubchannel(id);
        break;
      case 2:
        channel.resumeSubchannel(id);
        break;
      case 3:
        channel.cancelSubchannel(id);
        break;
      case 4:
        channel.resetChannelPath(input.u32());
        break;
      case 5:
        channel.channelSubsystemCall(DATA & ~0xfff);
        break;
      case 6:
        channel.setAddressLimit(input.u32());
        break;
      case 7:
        channel.setChannelMonitor(input.u32(), input.u32(), input.u32());
        break;
      case 8:
        this.#driver.modify((schib) => schib.setUint8(input.below(schib.byteLength), input.u8()));
        break;
      case 9:
        channel.storeChannelReportWord();
        break;
      case 10:
        this.#driver.test();
        break;
      default:
        this.#driver.enable(input.below(4) !== 1);
    }
  }

  /** Up to six CCWs, some with chaining, transfers, indirect addresses, and any operation-request block. */
  #anyProgram(input: ByteInput): void {
    const count = 1 + input.below(6);
    const ccws = Array.from({ length: count }, () =>
      encodeCcw({
        command: input.below(4) === 1 ? input.u8() : input.pick([...COMMANDS, 0x08, 0x04, 0xe4, 0x03]),
        flags: input.u8(),
        count: input.below(4) === 1 ? input.u16() : input.below(64),
        address: input.below(8) === 1 ? input.u32() : PROGRAM + 4 * input.u8(),
      }),
    );
    this.#driver.writeProgram(PROGRAM, ccws);
    if (input.below(4) !== 1) {
      this.#driver.start({ channelProgram: PROGRAM, word1: input.flag() ? orbFormat1 : orbFormat1 ^ (1 << input.below(32)) });
      return;
    }
    const orb = new Uint8Array(orbLength);
    orb.set(input.bytes(input.below(orbLength + 1)));
    this.#channel.startSubchannel(this.#driver.subsystemId, orb);
  }
}

/** Bytes of a command's payload. */
function lengthOf(command: number, revision: number): number {
  switch (command) {
    case VirtioCcwCommand.setVirtqueue:
      return revision === 0 ? 16 : 32;
    case VirtioCcwCommand.setAdapterIndicators:
      return 25;
    case VirtioCcwCommand.setIndicators:
    case VirtioCcwCommand.setConfigIndicators:
      return 8;
    case VirtioCcwCommand.readFeatures:
    case VirtioCcwCommand.writeFeatures:
      return 5;
    case VirtioCcwCommand.setRevision:
      return 4;
    case VirtioCcwCommand.readVirtqueueConfig:
      return 4;
    case VirtioCcwCommand.writeStatus:
    case VirtioCcwCommand.readStatus:
      return 1;
    default:
      return 32;
  }
}
