import { ConsoleDevice, type ConsolePort } from "../../../packages/device-console/src/index.ts";
import type { Endian } from "../../../packages/guest-memory/src/index.ts";
import { Finding } from "../engine/target.ts";
import type { ByteInput } from "../harness/byte-input.ts";
import type { Part } from "../harness/hostile-ring.ts";
import { microtasks, type Rig } from "../harness/rig.ts";

const MAX_PORTS = 3;
const BUFFER_SIZE = 512;

/** What a driver tells: it is ready, a port is, a port is open or not. */
const DEVICE_READY = 0;
const PORT_READY = 3;
const PORT_OPEN = 6;

function controlMessage(input: ByteInput, endian: Endian): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  const little = endian === "little";
  if (input.below(4) !== 1) {
    view.setUint32(0, input.below(MAX_PORTS), little);
    view.setUint16(4, input.pick([DEVICE_READY, PORT_READY, PORT_OPEN]), little);
    view.setUint16(6, input.below(8) === 1 ? 0 : 1, little);
    return new Uint8Array(view.buffer);
  }
  view.setUint32(0, input.below(8) === 1 ? input.u32() : input.below(4), little);
  view.setUint16(4, input.below(8) === 1 ? input.u16() : input.below(8), little);
  view.setUint16(6, input.below(8) === 1 ? input.u16() : input.below(2), little);
  return new Uint8Array(view.buffer).subarray(0, input.below(8) === 1 ? input.below(9) : 8);
}

/** The host's end of all ports: it takes its time when the input says so. */
class Listener {
  readonly #waiting: (() => void)[] = [];
  #slow: boolean;
  received = 0;

  constructor(slow: boolean) {
    this.#slow = slow;
  }

  listen(port: ConsolePort): void {
    port.onData = (bytes) => {
      if (bytes.length === 0) throw new Finding("answer", "nothing was received");
      this.received += bytes.length;
      return this.#slow ? new Promise((resolve) => this.#waiting.push(resolve)) : undefined;
    };
    port.onOpen = () => {};
    port.onClose = () => {};
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  finish(which: number): void {
    this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1)[0]?.();
  }

  settle(): void {
    this.#slow = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** The console device, with and without several ports. */
export function consoleRig(input: ByteInput): Rig {
  const options = input.u8();
  const listener = new Listener((options & 1) !== 0);
  const multiport = (options & 2) !== 0;
  const device = new ConsoleDevice({
    ports: multiport ? [{ console: true }, { name: "fuzz" }] : [{}],
    bufferSize: BUFFER_SIZE,
    ...(multiport ? { maxPorts: MAX_PORTS } : {}),
    ...((options & 4) !== 0 ? { size: { columns: 80, rows: 25 } } : {}),
    emergencyWrite: () => {},
  });
  for (const port of device.ports) listener.listen(port);
  const portOf = (choices: ByteInput): ConsolePort | undefined => device.ports[choices.below(MAX_PORTS)];
  let unsettled = 0;
  const track = (promise: Promise<void>): void => {
    unsettled++;
    void promise.catch(() => {}).then(() => unsettled--);
  };
  const hostActs: ((choices: ByteInput) => void)[] = [
    (choices) => listener.finish(choices.u8()),
    (choices) => {
      const port = portOf(choices);
      if (port?.hostOpen && unsettled < 16) track(port.write(new Uint8Array(choices.below(700)).fill(3)));
    },
    (choices) => {
      const port = portOf(choices);
      if (port && choices.below(8) === 1) track(port.end());
    },
    (choices) => portOf(choices)?.open(),
    (choices) => portOf(choices)?.resize(choices.u8(), choices.u8()),
    (choices) => {
      const port = portOf(choices);
      if (port && multiport && device.ports.length > 1 && choices.below(8) === 1) device.removePort(port);
    },
    () => {
      if (multiport && device.ports.length < MAX_PORTS) listener.listen(device.addPort());
    },
  ];
  return {
    device,
    message: (choices, queue, endian): Part[] => {
      const shape = choices.u8();
      const length = (shape & 0x80) !== 0 ? choices.u16() % 1500 : shape & 0x1f;
      if (queue === 3) return [{ bytes: controlMessage(choices, endian) }];
      if (queue === 2 || queue === 0 || queue === 4 || queue === 6) return [{ room: length }];
      return [{ bytes: new Uint8Array(length).fill(9) }];
    },
    act: (choices) => choices.pick(hostActs)(choices),
    settle: () => listener.settle(),
    check: () => {
      if (listener.waiting > MAX_PORTS * 4) throw new Finding("memory", `${listener.waiting} deliveries at a time`);
    },
    prove: async (driver) => {
      if (multiport) {
        driver.post(3, new Uint8Array([0, 0, 0, 0, 0, 0, 1, 0]), 0);
        driver.post(2, new Uint8Array(), 16);
        await microtasks();
        const first = device.ports[0];
        const answer = driver.answer(2);
        if (first && (answer.length !== 8 || answer[4] !== 1)) throw new Finding("answer", `no DEVICE_ADD but ${answer}`);
        return;
      }
      const before = listener.received;
      driver.post(1, new Uint8Array(5).fill(1), 0);
      for (let i = 0; i < 40; i++) {
        listener.settle();
        await microtasks();
      }
      driver.answer(1);
      if (listener.received < before + 5) throw new Finding("wedged", "nothing is received any more");
    },
  };
}
