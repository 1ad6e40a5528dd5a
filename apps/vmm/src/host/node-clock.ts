import type { Clock } from "@zarch/vmm-interface";

/** Longest delay that a Node timer takes, in ms. */
const longestDelay = 2 ** 31 - 1;

/** The clock of this process. Alarms are as exact as Node's timers: up to about a millisecond late, never early. */
export const nodeClock: Clock = {
  now: () => performance.now() * 1e6,
  wallClock: () => performance.timeOrigin + performance.now(),
  setAlarm(deadline, callback) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const delay = deadline / 1e6 - performance.now();
      if (delay <= 0) callback();
      else timer = setTimeout(arm, Math.min(Math.ceil(delay), longestDelay));
    };
    const delay = deadline / 1e6 - performance.now();
    timer = setTimeout(arm, Math.min(Math.max(0, Math.ceil(delay)), longestDelay));
    return () => clearTimeout(timer);
  },
};
