import { expect, it } from "vitest";
import { systemClock, systemEntropy } from "./system.ts";

it("the clock of the host: alarms come in order, never early, and not when cancelled", async () => {
  const start = systemClock.now();
  const fired: number[] = [];
  await new Promise<void>((resolve) => {
    systemClock.setAlarm(start + 20e6, () => {
      fired.push(systemClock.now());
      resolve();
    });
    systemClock.setAlarm(start + 5.5e6, () => fired.push(systemClock.now()));
    systemClock.setAlarm(start - 1, () => fired.push(0));
    systemClock.setAlarm(start + 1e6, () => fired.push(-1))();
  });
  expect(fired).toHaveLength(3);
  expect(fired[0]).toBe(0);
  expect(fired[1]).toBeGreaterThanOrEqual(start + 5.5e6);
  expect(fired[2]).toBeGreaterThanOrEqual(start + 20e6);
  expect(Math.abs(systemClock.wallClock() - Date.now())).toBeLessThan(1000);
});

it("an alarm farther away than timers reach does not fire at once", async () => {
  let fired = false;
  const cancel = systemClock.setAlarm(systemClock.now() + 2 ** 33 * 1e6, () => {
    fired = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  cancel();
  expect(fired).toBe(false);
});

it("entropy fills any length", () => {
  const bytes = new Uint8Array(200_000);
  systemEntropy.fill(bytes);
  for (let at = 0; at < bytes.length; at += 20_000) expect(bytes.subarray(at, at + 20_000).some((byte) => byte !== 0)).toBe(true);
});
