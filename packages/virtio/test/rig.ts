import { FlatMemory } from "@zarch/guest-memory";
import { createDriverVirtqueue, type DriverVirtqueue, type VirtqueueConfig } from "@zarch/vring";
import { expect } from "vitest";
import { F_VERSION_1, FeatureSet, VirtioFrontend, type VirtioFrontendOptions } from "../src/index.ts";
import { EchoDevice } from "./echo-device.ts";

export const AREAS = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
export const DATA = 0x8000;
export const [ACK, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET, FAILED] = [1, 2, 4, 8, 64, 128] as const;
export const READY = ACK | DRIVER | FEATURES_OK | DRIVER_OK;

export type RigOptions = Omit<Partial<VirtioFrontendOptions>, "memory"> & { readonly memory?: FlatMemory };

/** A frontend with one driver queue, driven by hand as a transport would do it. */
export class Rig {
  readonly device: EchoDevice;
  readonly memory: FlatMemory;
  readonly frontend: VirtioFrontend;
  readonly interrupts: string[] = [];
  readonly logs: string[] = [];
  ring!: DriverVirtqueue<string>;

  constructor(device = new EchoDevice(), options: RigOptions = {}) {
    this.device = device;
    this.memory = options.memory ?? new FlatMemory(0x2_0000);
    this.frontend = new VirtioFrontend(device, {
      interrupts: {
        queueInterrupt: (index) => this.interrupts.push(`queue ${index}`),
        configInterrupt: () => this.interrupts.push("config"),
      },
      logger: { log: (level, message) => this.logs.push(`${level}: ${message}`) },
      ...options,
      memory: this.memory,
    });
  }

  /** Status writes up to FEATURES_OK. */
  negotiate(features: Iterable<number> = [F_VERSION_1]): boolean {
    this.frontend.writeStatus(ACK);
    this.frontend.writeStatus(ACK | DRIVER);
    const set = new FeatureSet(features);
    for (let word = 0; word < 4; word++) this.frontend.setDriverFeatures(word, set.word(word));
    return this.frontend.writeStatus(ACK | DRIVER | FEATURES_OK);
  }

  setUp(index = 0, config: Partial<VirtqueueConfig> = {}): boolean {
    const size = config.size ?? 4;
    const areas = config.areas ?? AREAS;
    this.ring = createDriverVirtqueue(this.memory, { endian: "little", ...config, size, areas });
    return this.frontend.setUpQueue(index, { size, areas });
  }

  start(features?: Iterable<number>, config?: Partial<VirtqueueConfig>): void {
    expect(this.negotiate(features)).toBe(true);
    expect(this.setUp(0, config)).toBe(true);
    expect(this.frontend.writeStatus(READY)).toBe(true);
  }

  send(token: string): boolean {
    this.memory.write(DATA, new TextEncoder().encode(token));
    this.ring.add([{ address: DATA, length: token.length }], [{ address: DATA + 0x100, length: 64 }], token);
    return this.ring.kickPrepare();
  }

  received(): string[] {
    const tokens: string[] = [];
    for (let used = this.ring.getBuf(); used; used = this.ring.getBuf()) tokens.push(`${used.token}:${used.written}`);
    return tokens;
  }
}

/** The same through the legacy interface of a big-endian guest. */
export function legacyRig(device = new EchoDevice(), options: RigOptions = {}): Rig {
  const rig = new Rig(device, { personality: "transitional", legacyEndian: "big", ...options });
  expect(rig.frontend.useInterface("legacy")).toBe(true);
  return rig;
}
