import { expect, it, vi } from "vitest";
import { Listeners } from "./listeners.ts";

it("who comes while the news goes round hears the next", () => {
  const listeners = new Listeners();
  let count = 0;
  listeners.add(() => {
    if (count++ < 100) listeners.add(() => count++);
  });
  listeners.notify();
  expect(count).toBe(1);
  listeners.notify();
  expect(count).toBe(3);
});

it("everybody hears, until he ends it; one who throws harms nobody", () => {
  const thrown = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => {});
  const listeners = new Listeners<[number]>();
  const heard: string[] = [];
  listeners.add(() => {
    throw new Error("not me");
  });
  const stop = listeners.add((value) => heard.push(`a${value}`));
  listeners.add((value) => heard.push(`b${value}`));
  listeners.notify(1);
  stop();
  listeners.notify(2);
  expect(heard).toEqual(["a1", "b1", "b2"]);
  expect(thrown.mock.calls).toHaveLength(2);
  expect(() => thrown.mock.calls[0]?.[0]()).toThrow("not me");
  thrown.mockRestore();
});
