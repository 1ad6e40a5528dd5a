import type { Clock, EntropySource } from "@zarch/vmm-interface";

/** What Node and browsers have in common, as far as it is used here. */
interface HostGlobals {
  readonly performance: { now(): number; readonly timeOrigin: number };
  readonly crypto: { getRandomValues(bytes: Uint8Array): unknown };
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}

const host = globalThis as unknown as HostGlobals;

/** Longest delay that a timer takes, in ms. */
const longestDelay = 2 ** 31 - 1;
/** Most bytes that one call of getRandomValues takes. */
const entropyQuota = 65_536;

/** The clock of the host. Alarms are as exact as its timers: in Node up to about a millisecond late, never early. */
export const systemClock: Clock = {
  now: () => host.performance.now() * 1e6,
  wallClock: () => host.performance.timeOrigin + host.performance.now(),
  setAlarm(deadline, callback) {
    const delay = (): number => Math.min(Math.max(0, Math.ceil(deadline / 1e6 - host.performance.now())), longestDelay);
    const fire = (): void => {
      if (host.performance.now() * 1e6 >= deadline) callback();
      else timer = host.setTimeout(fire, delay());
    };
    let timer = host.setTimeout(fire, delay());
    return () => host.clearTimeout(timer);
  },
};

/** The random bytes of the host. */
export const systemEntropy: EntropySource = {
  fill(bytes) {
    for (let at = 0; at < bytes.length; at += entropyQuota) host.crypto.getRandomValues(bytes.subarray(at, at + entropyQuota));
  },
};
