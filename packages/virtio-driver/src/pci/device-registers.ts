import type { DriverQueueSetup } from "../transport.ts";

/** What the modern and the legacy registers of a function have in common. */
export interface DeviceRegisters {
  readStatus(): number;
  writeStatus(status: number): void;
  readDeviceFeatures(word: number): number;
  /** @returns false if there is no such word */
  writeDriverFeatures(word: number, value: number): boolean;
  readConfig(offset: number, width: 1 | 2 | 4): number;
  writeConfig(offset: number, width: 1 | 2 | 4, value: number): void;
  queueMaxSize(queue: number): number;
  setUpQueue(queue: number, setup: DriverQueueSetup): boolean;
  notify(queue: number, data: number | undefined): void;
  /** Reads the ISR status, which clears it. */
  takeIsr(): number;
  /** Maps events to vectors. @returns what the registers read back: the vector, or NO_VECTOR */
  setConfigVector(vector: number): number;
  setQueueVector(queue: number, vector: number): number;
}
