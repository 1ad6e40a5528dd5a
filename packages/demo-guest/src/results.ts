import { DEVICES } from "./image.ts";

export type DemoBus = "page" | "ccw" | "pci";
export type DemoDeviceType = "console" | "entropy" | "block";

/**
 * What became of a device. `missing`: the guest did not find it. `refused`: it could not be put into service. `no-answer`: a request
 * was not answered within five seconds. `io-error`: a request was answered with an error. `wrong-data`: what came is not what should
 * have come. `found`: the guest ended before it came to this device.
 */
export type DemoState = "missing" | "ok" | "refused" | "no-answer" | "io-error" | "wrong-data" | "found";

/** What the guest knows of a device when it has ended. */
export interface DemoResult {
  readonly bus: DemoBus;
  readonly device: DemoDeviceType;
  readonly state: DemoState;
  /** Entries of the virtqueue in use; 0 if it did not come so far. */
  readonly queueSize: number;
  /** Interruptions that the device was the reason of. */
  readonly interruptions: number;
  /** Bytes printed, received or read in {@link time}. */
  readonly bytes: number;
  /** Microseconds by the guest's clock. */
  readonly time: number;
  /** Microseconds of a notification that finds no buffer. */
  readonly notifyTime: number;
  /** Microseconds of a request for 4 KiB that nothing else goes on beside. Block devices only, else 0. */
  readonly latency: number;
  /** One bits in a thousand. Entropy devices only, else 0. */
  readonly ones: number;
}

/** What is needed of a guest's memory: absolute addresses, big-endian. */
export interface ReadableMemory {
  read(address: number, target: Uint8Array): void;
}

const BUSES: readonly DemoBus[] = ["page", "ccw", "pci"];
/** In the order of their blocks on each bus. */
const TYPES: readonly DemoDeviceType[] = ["console", "entropy", "block"];
const STATES: readonly DemoState[] = ["missing", "ok", "refused", "no-answer", "io-error", "wrong-data", "found"];

/** The layout of a device block, as guest/layout.s has it. */
const STATE = 12;
const QUEUE_SIZE = 36;
const INTERRUPTIONS = 72;
const BYTES = 80;
const TIME = 88;
const LATENCY = 96;
const NOTIFY_TIME = 104;
const ONES = 112;
const BLOCK_SIZE = 256;

/** Units of the TOD clock in a microsecond. */
const MICROSECOND = 4096;
const NOTIFICATIONS = 256;

/** Reads what the guest found and measured: three devices on each of three buses, in the order of its table. */
export function demoResults(memory: ReadableMemory): DemoResult[] {
  const block = new Uint8Array(BLOCK_SIZE);
  const view = new DataView(block.buffer);
  const quad = (offset: number): number => view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
  return BUSES.flatMap((bus, major) =>
    TYPES.map((device, minor): DemoResult => {
      memory.read(DEVICES + (TYPES.length * major + minor) * BLOCK_SIZE, block);
      return {
        bus,
        device,
        state: STATES[view.getUint32(STATE)] ?? "found",
        queueSize: view.getUint32(QUEUE_SIZE),
        interruptions: quad(INTERRUPTIONS),
        bytes: quad(BYTES),
        time: quad(TIME) / MICROSECOND,
        notifyTime: quad(NOTIFY_TIME) / NOTIFICATIONS / MICROSECOND,
        latency: quad(LATENCY) / MICROSECOND,
        ones: quad(ONES),
      };
    }),
  );
}
