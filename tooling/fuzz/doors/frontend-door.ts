import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import {
  F_IN_ORDER,
  F_NOTIFICATION_DATA,
  F_RING_PACKED,
  F_RING_RESET,
  F_SUSPEND,
  type QueueSetup,
  STATUS_ACKNOWLEDGE,
  STATUS_DRIVER,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  VirtioFrontend,
  type VirtioState,
  VirtioStateError,
} from "../../../packages/virtio/src/index.ts";
import { Finding } from "../engine/target.ts";
import type { ByteInput } from "../harness/byte-input.ts";
import type { Door, DoorSetting } from "../harness/device-run.ts";
import { damageJson } from "../harness/json.ts";

const OPTIONAL_FEATURES = [F_RING_PACKED, F_IN_ORDER, F_SUSPEND, F_RING_RESET, F_NOTIFICATION_DATA];

/** The calls of the state machine itself, which all transports use. Here a driver can do whatever some transport lets it do. */
export class FrontendDoor implements Door {
  readonly frontend: VirtioFrontend;
  readonly writesMemory = false;
  readonly legacyEndian: Endian;
  readonly #setting: DoorSetting;
  #legacy = false;

  constructor(setting: DoorSetting, input: ByteInput) {
    this.#setting = setting;
    const options = input.u8();
    this.legacyEndian = (options & 1) !== 0 ? "big" : "little";
    this.#legacy = (options & 0x80) !== 0;
    this.frontend = new VirtioFrontend(setting.device, {
      memory: setting.memory,
      interrupts: { queueInterrupt: () => {}, configInterrupt: () => {} },
      personality: "transitional",
      legacyEndian: this.legacyEndian,
      extraFeatures: OPTIONAL_FEATURES.filter((_, i) => ((options >> (i + 1)) & 1) !== 0),
      logger: setting.logger,
    });
  }

  get endian(): Endian {
    return this.frontend.driverInterface === "legacy" ? this.legacyEndian : "little";
  }

  begin(features: (word: number, offered: number) => number): void {
    const { frontend } = this;
    frontend.useInterface(this.#legacy ? "legacy" : "modern");
    const status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    frontend.writeStatus(status);
    for (let word = 0; word < 3; word++) frontend.setDriverFeatures(word, features(word, frontend.deviceFeatures(word)));
    if (!this.#legacy) frontend.writeStatus(status | STATUS_FEATURES_OK);
  }

  setUpQueue(index: number, setup: QueueSetup): void {
    this.frontend.setUpQueue(index, setup);
  }

  end(): void {
    this.frontend.writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | (this.#legacy ? 0 : STATUS_FEATURES_OK) | STATUS_DRIVER_OK);
  }

  notify(queue: number): void {
    this.frontend.notifyValue(queue);
  }

  reset(): void {
    void this.frontend.reset();
  }

  act(input: ByteInput, queue: number): void {
    const { frontend } = this;
    switch (input.below(10)) {
      case 0:
        this.#legacy = input.flag();
        break;
      case 1:
        frontend.writeStatus(input.flag() ? input.u8() : frontend.status ^ (1 << input.below(8)));
        break;
      case 2:
        frontend.setDriverFeatures(input.below(8) === 1 ? input.u32() : input.below(5), input.u32());
        break;
      case 3:
      case 4:
        this.#setUpWildly(input, queue);
        break;
      case 5:
        this.#accessConfig(input);
        break;
      case 6:
        void frontend.resetQueue(queue);
        break;
      case 7:
        if (input.below(4) === 1) frontend.stopQueue(queue);
        break;
      case 8:
        if (frontend.paused) frontend.resume();
        else void frontend.pause();
        break;
      default:
        this.#saveAndRestore(input);
    }
  }

  #setUpWildly(input: ByteInput, queue: number): void {
    const { size: memorySize } = this.#setting.memory;
    const address = (): number => (input.below(4) === 1 ? input.u64() : 16 * input.below(memorySize / 16));
    const size = input.flag() ? input.u16() : 1 << input.below(8);
    const how = input.below(4);
    if (how === 0)
      this.frontend.setUpLegacyQueue(queue, { address: address(), size, align: input.flag() ? 1 << input.below(14) : input.u32() });
    else if (how === 1) this.frontend.disableQueue(queue);
    else this.frontend.setUpQueue(queue, { size, areas: { descriptor: address(), driver: address(), device: address() } });
  }

  #accessConfig(input: ByteInput): void {
    const bytes = input.bytes(input.below(80));
    const offset = input.flag() ? input.below(100) : input.u32();
    if (input.flag()) this.frontend.writeConfig(offset, bytes);
    else this.frontend.readConfig(offset, bytes);
    if (!Number.isInteger(this.frontend.configGeneration)) throw new Finding("answer", "a configuration generation that is no number");
  }

  /** The host saves the device and starts it again, perhaps with a state that somebody has changed. */
  #saveAndRestore(input: ByteInput): void {
    const { frontend } = this;
    const saved = this.#save();
    if (!saved) return;
    const damages = input.below(4);
    let state: unknown = saved;
    for (let i = 0; i < damages; i++) state = damageJson(input, state);
    void frontend.reset();
    if (frontend.resetting !== undefined) return;
    this.#setting.restoring(saved.queues.map((queue) => queue ?? undefined));
    try {
      frontend.restore(state);
    } catch (error) {
      if (!(error instanceof VirtioStateError) || damages === 0) throw error;
      this.#setting.restoring([]);
      return;
    }
    // The host's side of the device went on in the meantime: its configuration and what it holds may be another one.
    const comparable = (all: VirtioState): string => JSON.stringify({ ...all, config: null, device: null });
    if (damages === 0 && comparable(frontend.save()) !== comparable(saved)) {
      throw new Finding("answer", "a restored device has another state");
    }
    frontend.resume();
  }

  #save(): VirtioState | undefined {
    try {
      return JSON.parse(JSON.stringify(this.frontend.save())) as VirtioState;
    } catch (error) {
      if (error instanceof VirtioStateError && error.code === "ERR_VIRTIO_STATE_BUSY") return undefined;
      throw error;
    }
  }
}
