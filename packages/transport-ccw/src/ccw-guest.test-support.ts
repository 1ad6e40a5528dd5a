import { type Ccw, ChannelDriver, ChannelSubsystem, type InterruptionResponse } from "@zarch/channel-subsystem";
import { FlatMemory } from "@zarch/guest-memory";
import { type ActiveDevice, ConfigSpace, type DeviceContext, FeatureSet, type ReadonlyFeatureSet, type VirtioDevice } from "@zarch/virtio";
import { createDriverVirtqueue, type DriverVirtqueue, legacyAreas, type VirtqueueAreas } from "@zarch/vring";
import { type CcwOptions, VirtioCcwCommand, VirtioCcwDevice } from "./index.ts";

/** Answers every buffer with the same bytes in reverse. */
export class ReverseDevice implements VirtioDevice {
  readonly deviceId: number = 2;
  readonly features: ReadonlyFeatureSet = new FeatureSet([5, 23, 35]);
  queueMaxSizes: readonly number[] = [64, 128, 0];
  readonly config = new ConfigSpace({ capacity: { offset: 0, width: 8 }, level: { offset: 8, width: 2, writable: true } });
  context: DeviceContext | undefined;
  activations = 0;
  resets = 0;
  notified: number[] = [];
  /** Holds the device's reset until it settles. */
  resetGate: Promise<void> | undefined;
  acceptable = true;

  constructor() {
    this.config.set({ capacity: 0x0102_0304, level: 7 });
  }

  acceptFeatures(): boolean {
    return this.acceptable;
  }

  activate(context: DeviceContext): ActiveDevice {
    this.context = context;
    this.activations++;
    return {
      notify: (index) => {
        this.notified.push(index);
        const queue = context.queue(index);
        if (!queue) return;
        for (const chain of queue) {
          const bytes = new Uint8Array(chain.readable.remaining);
          chain.readable.read(bytes);
          chain.writable.write(bytes.reverse());
          queue.push(chain, chain.writable.written);
        }
        queue.flush();
      },
      reset: () => {
        this.resets++;
        this.context = undefined;
        return this.resetGate;
      },
    };
  }
}

export interface Answer extends InterruptionResponse {
  /** The data area after the command. */
  readonly data: Uint8Array;
}

const PROGRAM = 0x1000;
const DATA = 0x2000;
const RINGS = 0x1_0000;
const BUFFERS = 0x8_0000;

/** A program that drives one virtio-ccw device, as far as a driver would, and also as no driver would. */
export class CcwGuest {
  readonly memory = new FlatMemory(0x10_0000);
  readonly deferred: (() => void)[] = [];
  readonly channel = new ChannelSubsystem({ memory: this.memory, attention: { raise() {} }, defer: (work) => this.deferred.push(work) });
  readonly device: ReverseDevice;
  readonly transport: VirtioCcwDevice;
  readonly driver: ChannelDriver;

  constructor(options: CcwOptions = {}, device = new ReverseDevice()) {
    this.device = device;
    const { adapterInterruptions } = this.channel;
    this.transport = new VirtioCcwDevice(device, { memory: this.memory, adapterInterruptions }, options);
    this.driver = new ChannelDriver(this.channel, this.memory, this.channel.attach(this.transport).subsystemId);
    this.driver.enable();
  }

  /** Puts the payload into the data area, executes one command, and takes its status. */
  command(command: number, payload: Uint8Array | number[] = [], ccw: Partial<Ccw> = {}): Answer {
    const bytes = Uint8Array.from(payload);
    this.memory.write(DATA, bytes);
    const response = this.driver.run(PROGRAM, [{ command, count: bytes.length, address: DATA, ...ccw }]);
    return { ...response, data: this.memory.view(DATA, Math.max(bytes.length, 1)).slice() };
  }

  /** Starts one command without waiting for its end. */
  start(command: number): number {
    this.driver.writeProgram(PROGRAM, [Uint8Array.of(command, 0, 0, 0, 0, 0, 0, 0)]);
    return this.driver.start({ channelProgram: PROGRAM });
  }

  setRevision(revision: number, length = 0): Answer {
    return this.command(VirtioCcwCommand.setRevision, bytes("HH", revision, length));
  }

  readFeatures(index: number): number {
    return new DataView(this.command(VirtioCcwCommand.readFeatures, [0xee, 0xee, 0xee, 0xee, index]).data.buffer).getUint32(0, true);
  }

  writeFeatures(index: number, value: number): Answer {
    const payload = new Uint8Array(5);
    new DataView(payload.buffer).setUint32(0, value, true);
    payload[4] = index;
    return this.command(VirtioCcwCommand.writeFeatures, payload);
  }

  writeStatus(status: number): Answer {
    return this.command(VirtioCcwCommand.writeStatus, [status]);
  }

  readStatus(): number {
    return this.command(VirtioCcwCommand.readStatus, [0xee]).data[0]!;
  }

  setVirtqueue(index: number, size: number, areas: VirtqueueAreas, reserved = 0): Answer {
    const payload = bytes("QIHHQQ", areas.descriptor, reserved, index, size, areas.driver, areas.device);
    return this.command(VirtioCcwCommand.setVirtqueue, payload);
  }

  /** Takes the device up to just before DRIVER_OK, with queue 0 set up. */
  initialize(revision: number, features0 = 0, features1 = 1): DriverVirtqueue<number> {
    const modern = revision > 0;
    this.setRevision(revision);
    this.writeStatus(1);
    this.writeStatus(3);
    this.writeFeatures(0, features0);
    if (modern) this.writeFeatures(1, features1);
    if (modern) this.writeStatus(0x0b);
    const areas = legacyAreas(RINGS, 64, 4096);
    if (modern) this.setVirtqueue(0, 64, areas);
    else this.command(VirtioCcwCommand.setVirtqueue, bytes("QIHH", RINGS, 4096, 0, 64));
    return createDriverVirtqueue<number>(this.memory, { size: 64, areas, endian: modern ? "little" : "big" });
  }

  driverOk(revision: number): Answer {
    return this.writeStatus(revision > 0 ? 0x0f : 0x07);
  }

  /** Makes a buffer of three bytes available, with room for three to come back. */
  offer(ring: DriverVirtqueue<number>, token = 0): void {
    const address = BUFFERS + token * 16;
    this.memory.write(address, Uint8Array.of(1, 2, 3, 0, 0, 0));
    ring.add([{ address, length: 3 }], [{ address: address + 3, length: 3 }], token);
    ring.kickPrepare();
  }

  /** What came back for a token. */
  answer(token = 0): number[] {
    return [...this.memory.view(BUFFERS + token * 16 + 3, 3)];
  }
}

/** Big-endian fields: H 16 bits, I 32, Q 64, B 8. */
export function bytes(format: string, ...values: number[]): Uint8Array {
  const out: number[] = [];
  const lengths: Record<string, number> = { B: 1, H: 2, I: 4, Q: 8 };
  for (const [index, kind] of [...format].entries()) {
    const field = new Uint8Array(8);
    new DataView(field.buffer).setBigUint64(0, BigInt(values[index]!));
    out.push(...field.subarray(8 - lengths[kind]!));
  }
  return Uint8Array.from(out);
}
