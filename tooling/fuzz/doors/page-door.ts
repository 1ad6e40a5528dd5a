import {
  acceptedOffset,
  configOffset,
  DescriptorPage,
  HEADER,
  INTERRUPTION_CODE,
  offeredOffset,
  PAGE_SIZE,
  type PageDevice,
  QUEUE_BLOCK,
  queueBlockOffset,
  S390LegacyHypercall,
} from "../../../packages/transport-s390-legacy/src/index.ts";
import { STATUS_ACKNOWLEDGE, STATUS_DRIVER, STATUS_DRIVER_OK, type VirtioFrontend } from "../../../packages/virtio/src/index.ts";
import { Finding } from "../engine/target.ts";
import type { ByteInput } from "../harness/byte-input.ts";
import type { Door, DoorSetting } from "../harness/device-run.ts";
import type { FuzzMemory } from "../harness/fuzz-memory.ts";

const RING_SIZE = 16;
const MAX_RINGS = 8;

/** Bytes of memory for the page and its rings: two pages for each. */
export const PAGE_DOOR_SPACE: number = PAGE_SIZE + MAX_RINGS * 2 * PAGE_SIZE;

const EINVAL = -22;
const EARLY_TEXT = 16;

/** The s390 descriptor page: any store to it, any hypercall, interruptions taken or not, resets of the machine. */
export class PageDoor implements Door {
  readonly frontend: VirtioFrontend;
  readonly endian = "big";
  readonly legacyEndian = "big";
  readonly writesMemory = false;
  readonly #memory: FuzzMemory;
  readonly #page: DescriptorPage;
  readonly #device: PageDevice;
  /** Addresses as the host gave them: what is on the page may be overwritten. */
  readonly #rings: readonly number[];

  constructor({ device, memory, logger }: DoorSetting, input: ByteInput) {
    this.#memory = memory;
    this.#page = new DescriptorPage({
      memory,
      address: memory.size - PAGE_DOOR_SPACE,
      attention: { raise: () => {} },
      earlyConsole: (text) => {
        if (text.length > EARLY_TEXT) throw new Finding("answer", `${text.length} bytes of early console output`);
      },
      logger,
    });
    this.#device = this.#page.attach(device, { ringSize: RING_SIZE >> input.below(3) });
    this.frontend = this.#device.frontend;
    const view = new DataView(memory.guest.buffer);
    this.#rings = Array.from({ length: this.#device.shape.queueCount }, (_, queue) =>
      Number(view.getBigUint64(this.#at(queueBlockOffset(queue) + QUEUE_BLOCK.ring))),
    );
  }

  /** The page itself is the host's as well as the guest's; rings are cleared by a reset. */
  mayWrite(address: number, length: number): boolean {
    return address >= this.#page.address && address + length <= this.#memory.size;
  }

  /** Address of a byte of the device's entry. */
  #at(offset: number): number {
    return this.#device.address + offset;
  }

  #call(number: number, argument: number): void {
    const result = this.#page.hypercall(number, argument);
    if (result !== 0 && result !== EINVAL && (result !== undefined || number <= S390LegacyHypercall.setStatus)) {
      throw new Finding("answer", `hypercall ${number} leaves ${result}`);
    }
  }

  #writeStatus(status: number): void {
    this.#memory.guest[this.#at(HEADER.status)] = status;
    this.#call(S390LegacyHypercall.setStatus, this.#device.address);
  }

  begin(features: (word: number, offered: number) => number): void {
    const { shape } = this.#device;
    const view = new DataView(this.#memory.guest.buffer);
    for (let queue = 0; queue < shape.queueCount; queue++) {
      view.setUint32(this.#at(queueBlockOffset(queue) + QUEUE_BLOCK.token) + 4, 0x100 + queue);
    }
    view.setUint32(this.#at(acceptedOffset(shape)), features(0, view.getUint32(this.#at(offeredOffset(shape)), true)), true);
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
  }

  /** The rings are there. */
  setUpQueue(): void {}

  end(): void {
    this.#writeStatus(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK);
  }

  notify(queue: number): void {
    this.#call(S390LegacyHypercall.notify, this.#rings[queue] ?? queue);
  }

  reset(): void {
    this.#call(S390LegacyHypercall.reset, this.#device.address);
  }

  act(input: ByteInput, queue: number): void {
    switch (input.below(8)) {
      case 0:
        this.#store(input.below(4) === 1 ? input.below(PAGE_SIZE) : input.below(this.#device.size), input);
        break;
      case 1:
        this.#store(configOffset(this.#device.shape) + input.below(this.#device.shape.configLength), input);
        break;
      case 2:
        this.#store(queueBlockOffset(queue) + input.below(32), input);
        break;
      case 3:
        this.#writeStatus(input.u8());
        break;
      case 4:
        this.#call(input.below(4), this.#address(input, queue));
        break;
      case 5:
        this.#takeInterruption();
        break;
      case 6:
        if (input.below(8) === 1) this.#page.reset();
        break;
      default:
        this.#call(S390LegacyHypercall.setStatus, this.#device.address);
    }
  }

  #store(offset: number, input: ByteInput): void {
    const bytes = input.bytes(1 + input.below(16));
    this.#memory.guest.set(bytes.subarray(0, PAGE_SIZE - offset), this.#page.address + offset);
  }

  #address(input: ByteInput, queue: number): number {
    switch (input.below(5)) {
      case 0:
        return input.u64();
      case 1:
        return input.below(this.#memory.size);
      case 2:
        return this.#page.address - input.below(2 * EARLY_TEXT);
      case 3:
        return (this.#rings[queue] ?? 0) + input.below(2);
      default:
        return this.#device.address + input.below(2);
    }
  }

  #takeInterruption(): void {
    const pending = this.#page.pendingExternalInterruption();
    const taken = this.#page.takeExternalInterruption();
    if (pending !== (taken?.code ?? 0) || (taken && taken.code !== INTERRUPTION_CODE)) {
      throw new Finding("answer", `interruption ${pending} is pending, and ${taken?.code} is taken`);
    }
  }
}
