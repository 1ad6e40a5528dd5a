import { VirtioMmioLegacyRegister as LegacyRegister, VirtioMmioRegister as Register } from "../../packages/transport-mmio/src/index.ts";
import { RAM_BASE } from "./qtest.ts";

/** A block device of 2048 sectors behind registers, and the memory that it works on. */
export interface Registers {
  read(offset: number, width: number): number;
  write(offset: number, width: number, value: number): void;
  storeUint16(address: number, value: number): void;
}

/** A driver's way through registers. Returns what it read. */
export type Scenario = (device: Registers) => number[];

const RINGS = RAM_BASE + 0x10000;
const PAGE = 4096;

function load(device: Registers, ...offsets: number[]): number[] {
  return offsets.map((offset) => device.read(offset, 4));
}

function store(device: Registers, ...writes: [offset: number, value: number][]): void {
  for (const [offset, value] of writes) device.write(offset, 4, value);
}

function negotiate(device: Registers, word0 = 0, word1 = 1): void {
  store(device, [Register.status, 0], [Register.status, 1], [Register.status, 3]);
  store(device, [Register.driverFeaturesSel, 0], [Register.driverFeatures, word0]);
  store(device, [Register.driverFeaturesSel, 1], [Register.driverFeatures, word1]);
  store(device, [Register.status, 0xb]);
}

function setUp(device: Registers, size: number, rings = RINGS): number {
  store(device, [Register.queueSel, 0], [Register.queueSize, size]);
  store(device, [Register.queueDescLow, rings], [Register.queueDescHigh, 0]);
  store(device, [Register.queueDriverLow, rings + PAGE], [Register.queueDriverHigh, 0]);
  store(device, [Register.queueDeviceLow, rings + 2 * PAGE], [Register.queueDeviceHigh, 0]);
  store(device, [Register.queueReady, 1]);
  return device.read(Register.queueReady, 4);
}

function setUpLegacy(device: Registers, size: number, page = RINGS / PAGE): number {
  store(device, [LegacyRegister.guestPageSize, PAGE], [Register.queueSel, 0], [Register.queueSize, size]);
  store(device, [LegacyRegister.queueAlign, PAGE], [LegacyRegister.queuePfn, page]);
  return device.read(LegacyRegister.queuePfn, 4);
}

const writeOnly = [0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac];
const absent = [0x018, 0x01c, 0x02c, 0x048, 0x04c, 0x054, 0x068, 0x074, 0x088, 0x0c4, 0x0f8];

const always: Record<string, Scenario> = {
  "magic value, version, device": (device) => load(device, 0, 4, 8),
  "narrow accesses of control registers": (device) => [0, 2, 0x70].flatMap((offset) => [1, 2].map((width) => device.read(offset, width))),
  "accesses between registers": (device) => load(device, 1, 2, 3, 0x72),
  "registers that are not there": (device) => load(device, ...absent),
  "registers that are only written": (device) => load(device, ...writeOnly),
  "configuration, any width at any offset": (device) =>
    [0, 1, 2, 3, 4].flatMap((offset) => [1, 2, 4].map((width) => device.read(Register.config + offset, width))),
  "configuration generation": (device) => load(device, Register.configGeneration),
  "status step by step, and reset": (device) =>
    [1, 3, 0].flatMap((status) => {
      store(device, [Register.status, status]);
      return load(device, Register.status);
    }),
  "queues that are not there": (device) =>
    [1, 2, 1000, 0xffff, 0xffff_ffff].flatMap((queue) => {
      store(device, [Register.queueSel, queue]);
      return load(device, Register.queueSizeMax);
    }),
  "the low byte of Status counts": (device) => {
    store(device, [Register.status, 1], [Register.status, 3]);
    const before = load(device, Register.status);
    store(device, [Register.status, 0x100 | before[0]!]);
    const kept = load(device, Register.status);
    store(device, [Register.status, 0x100]);
    return [...before, ...kept, ...load(device, Register.status)];
  },
  "no interrupt without an event": (device) => {
    store(device, [Register.interruptAck, 3]);
    return load(device, Register.interruptStatus);
  },
};

/** Where both must give the same answers, by version of the layout. */
export const agreed: Record<1 | 2, Record<string, Scenario>> = {
  2: {
    ...always,
    "offered features, transport and ring": (device) => {
      store(device, [Register.deviceFeaturesSel, 1]);
      return load(device, Register.deviceFeatures);
    },
    "QueueReady, up and down": (device) => {
      negotiate(device);
      const up = setUp(device, 8);
      store(device, [Register.queueReady, 0]);
      return [up, ...load(device, Register.queueReady), setUp(device, 4)];
    },
    "a reset clears QueueReady": (device) => {
      negotiate(device);
      setUp(device, 8);
      store(device, [Register.status, 0], [Register.queueSel, 0]);
      return load(device, Register.queueReady, Register.queueReset, Register.interruptStatus);
    },
    "QueueReset without the feature": (device) => {
      negotiate(device);
      setUp(device, 8);
      store(device, [Register.status, 0xf], [Register.queueReset, 1]);
      return load(device, Register.queueReset, Register.queueReady, Register.status);
    },
    "a broken ring: NEEDS_RESET": (device) => {
      negotiate(device);
      setUp(device, 8);
      store(device, [Register.status, 0xf]);
      device.storeUint16(RINGS + PAGE + 2, 0x8000);
      store(device, [Register.queueNotify, 0]);
      const [status = 0, interrupts = 0] = load(device, Register.status, Register.interruptStatus);
      device.storeUint16(RINGS + PAGE + 2, 0);
      store(device, [Register.interruptAck, 3]);
      return [status, interrupts & 2, ...load(device, Register.interruptStatus)];
    },
    "length of a shared memory region that is not there": (device) => {
      store(device, [Register.shmSel, 0]);
      return load(device, Register.shmLenLow, Register.shmLenHigh);
    },
  },
  1: {
    ...always,
    "QueuePFN, up and down": (device) => {
      store(device, [Register.status, 3]);
      const up = setUpLegacy(device, 8);
      store(device, [LegacyRegister.queuePfn, 0]);
      return [up, ...load(device, LegacyRegister.queuePfn)];
    },
    "a reset clears QueuePFN, and not GuestPageSize": (device) => {
      setUpLegacy(device, 8);
      store(device, [Register.status, 0], [Register.status, 3], [Register.queueSel, 0]);
      const cleared = load(device, LegacyRegister.queuePfn);
      store(device, [Register.queueSize, 8], [LegacyRegister.queueAlign, PAGE], [LegacyRegister.queuePfn, RINGS / PAGE]);
      return [...cleared, ...load(device, LegacyRegister.queuePfn)];
    },
    "legacy drivers know no FEATURES_OK": (device) => {
      store(device, [Register.status, 0], [Register.status, 3], [Register.driverFeaturesSel, 0], [Register.driverFeatures, 0]);
      store(device, [Register.status, 7]);
      return load(device, Register.status);
    },
  },
};

/** Where the answers differ, with the reason for ours, QEMU's answer and ours. */
export const different: Record<1 | 2, Record<string, readonly [scenario: Scenario, theirs: number[], ours: number[]]>> = {
  2: {
    "features beyond bit 63: each word is a word of its own": [
      (device) => {
        store(device, [Register.deviceFeaturesSel, 2]);
        return load(device, Register.deviceFeatures);
      },
      [0x101],
      [0],
    ],
    "base of a shared memory region that is not there: all ones, by 4.2.2": [
      (device) => load(device, Register.shmBaseLow, Register.shmBaseHigh),
      [0, 0],
      [0xffff_ffff, 0xffff_ffff],
    ],
    "features that were not offered show in FEATURES_OK": [
      (device) => {
        negotiate(device, 1 << 7);
        return load(device, Register.status);
      },
      [0xb],
      [3],
    ],
    "without VERSION_1 no FEATURES_OK": [
      (device) => {
        negotiate(device, 0, 0);
        return load(device, Register.status);
      },
      [0xb],
      [3],
    ],
    "single bits of the status cannot be cleared": [
      (device) => {
        negotiate(device);
        setUp(device, 8);
        store(device, [Register.status, 0xf], [Register.status, 0xb]);
        return load(device, Register.status);
      },
      [0xb],
      [0xf],
    ],
    "a queue that cannot be is not ready": [
      (device) => {
        negotiate(device);
        const size = setUp(device, 0);
        store(device, [Register.queueReady, 0]);
        return [size, setUp(device, 8, 0x1000)];
      },
      [1, 1],
      [0, 0],
    ],
    "QueueReset resets a queue; QEMU offers it and does not do it": [
      (device) => {
        negotiate(device, 0, 0x101);
        setUp(device, 8);
        store(device, [Register.status, 0xf], [Register.queueReset, 1]);
        return load(device, Register.queueReset, Register.queueReady, Register.status);
      },
      [0, 1, 0xf],
      [0, 0, 0xf],
    ],
    "beyond the configuration there are zeroes": [(device) => load(device, 0x1fc), [0xffff_ffff], [0]],
  },
  1: {
    "QueuePFN 0 stops a queue, not the device": [
      (device) => {
        store(device, [Register.status, 3]);
        setUpLegacy(device, 8);
        store(device, [LegacyRegister.queuePfn, 0]);
        return load(device, Register.status);
      },
      [0],
      [3],
    ],
    "a queue that cannot be is not in use": [
      (device) => {
        store(device, [Register.status, 3]);
        const size = setUpLegacy(device, 0);
        store(device, [LegacyRegister.queuePfn, 0], [Register.status, 3]);
        return [size, setUpLegacy(device, 8, 1)];
      },
      [RINGS / PAGE, 1],
      [0, 0],
    ],
  },
};
