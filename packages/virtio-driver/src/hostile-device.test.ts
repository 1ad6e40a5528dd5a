import { F_IN_ORDER, F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET, F_SUSPEND } from "@zarch/virtio";
import fc from "fast-check";
import { expect, it } from "vitest";
import { EchoDevice } from "../test/echo-device.ts";
import { tap } from "../test/tap.ts";
import { DirectTransport, DriverError, VirtioDriver } from "./index.ts";

const SIZE = 4;

/** What a device, or its bus, may do at any moment. */
const action = fc.oneof(
  fc.record({ kind: fc.constant("request"), queue: fc.nat(1), length: fc.nat(40) }),
  // Somewhere in a queue: its descriptors, what the driver says there, what the device says there.
  fc.record({ kind: fc.constant("write"), queue: fc.nat(1), area: fc.nat(2), offset: fc.nat(8 * SIZE + 6), value: fc.nat(0xffff) }),
  // The used index or flags, so that lies are seen.
  fc.record({ kind: fc.constant("use"), queue: fc.nat(1), id: fc.nat(SIZE), length: fc.nat(50), ahead: fc.nat(3) }),
  fc.record({ kind: fc.constantFrom("interrupt", "release", "config", "fail", "check") }),
  fc.record({ kind: fc.constantFrom("hold", "reset queue") }),
  fc.record({ kind: fc.constantFrom("suspend", "resume"), queue: fc.constant(0) }),
);

interface Action {
  readonly kind: string;
  readonly queue?: number;
  readonly length?: number;
  readonly area?: number;
  readonly offset?: number;
  readonly value?: number;
  readonly id?: number;
  readonly ahead?: number;
}

/** Runs the actions; returns how every request ended. */
async function play(actions: readonly Action[], packed: boolean, inOrder: boolean): Promise<unknown[]> {
  const device = new EchoDevice();
  device.hold = true;
  const extraFeatures = [
    F_RING_RESET,
    F_SUSPEND,
    F_NOTIFICATION_DATA,
    ...(packed ? [F_RING_PACKED] : []),
    ...(inOrder ? [F_IN_ORDER] : []),
  ];
  const { transport, interrupts, queues } = tap(new DirectTransport(device, { extraFeatures }));
  const driver = await VirtioDriver.open(transport, { queueSize: SIZE, polling: { attempts: 3, pause: async () => {} } });
  const { memory } = driver;
  const ends: Promise<unknown>[] = [];
  const noted = (promise: Promise<unknown>): void => void ends.push(promise.catch((error) => error));
  for (const { kind, queue = 0, length = 0, area = 0, offset = 0, value = 0, id = 0, ahead = 0 } of actions) {
    const areas = queues.get(queue)?.areas;
    if (!areas) throw new Error("no queue");
    if (kind === "request") noted(driver.request(queue, [new Uint8Array(length)], [length + 1]));
    else if (kind === "write") memory.storeUint16([areas.descriptor, areas.driver, areas.device][area]! + offset, value, "little");
    else if (kind === "use" && packed) {
      memory.storeUint32(areas.descriptor + 16 * (ahead % SIZE) + 8, length, "little");
      memory.storeUint16(areas.descriptor + 16 * (ahead % SIZE) + 12, id, "little");
      memory.storeUint16(areas.descriptor + 16 * (ahead % SIZE) + 14, length % 2 ? 0x8082 : 0x0002, "little");
    } else if (kind === "use") {
      const index = memory.loadUint16(areas.device + 2, "little");
      memory.storeUint32(areas.device + 4 + 8 * (index % SIZE), id, "little");
      memory.storeUint32(areas.device + 8 + 8 * (index % SIZE), length, "little");
      memory.storeUint16(areas.device + 2, (index + ahead) & 0xffff, "little");
    } else if (kind === "interrupt") interrupts.queueInterrupt(undefined);
    else if (kind === "hold") device.hold = !device.hold;
    else if (kind === "release") device.release();
    else if (kind === "config") interrupts.configInterrupt();
    else if (kind === "fail") device.context?.fail(new Error("broken"));
    else if (kind === "reset queue") noted(driver.resetQueue(0));
    else if (kind === "suspend") noted(driver.suspend());
    else if (kind === "resume") noted(driver.resume());
    else noted(driver.check());
    if (value % 4 === 0) await Promise.resolve();
  }
  await driver.close();
  const good = await VirtioDriver.open(transport);
  device.hold = false;
  ends.push(good.request(0, [Uint8Array.of(7)], [1]).then(({ data }) => data[0]));
  return Promise.all(ends);
}

it("whatever a device does to its rings and interrupts, every wait ends with an answer or a typed error, and a good device works afterwards", async () => {
  const codes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60, size: "max" }), fc.boolean(), fc.boolean(), async (actions, packed, inOrder) => {
      const ends = await play(actions, packed, inOrder);
      expect(ends.pop()).toBe(7);
      for (const end of ends) {
        if (!(end instanceof Error)) continue;
        expect(end).toBeInstanceOf(DriverError);
        const { code } = end as DriverError;
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    }),
    { numRuns: 250 },
  );
  // The lies are of all kinds.
  for (const code of ["ERR_DRIVER_DEVICE", "ERR_DRIVER_NEEDS_RESET", "ERR_DRIVER_CLOSED", "ERR_DRIVER_QUEUE_RESET"]) {
    expect([code, codes.has(code)]).toEqual([code, true]);
  }
});
