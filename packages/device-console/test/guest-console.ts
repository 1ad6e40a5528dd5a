import { type Answer, type ConnectOptions, connect, type DirectTransport, DriverError, type VirtioDriver } from "@zarch/virtio-driver";
import type { ConsoleDevice } from "../src/index.ts";

export const EVENTS = ["DEVICE_READY", "ADD", "REMOVE", "PORT_READY", "CONSOLE_PORT", "RESIZE", "OPEN", "NAME"];

export interface GuestConsoleOptions extends ConnectOptions {
  readonly buffers?: { readonly size: number; readonly count: number };
}

/** A console driver as Linux has it, in a test: keeps buffers in every receive queue and answers control messages. */
export class GuestConsole {
  readonly driver: VirtioDriver<DirectTransport>;
  /** Control messages as text, in order. */
  readonly control: string[] = [];
  /** Per port: what came, as text. */
  readonly received = new Map<number, string>();
  /** Per port: what the host's end is, as the driver knows it. */
  readonly hostConnected = new Map<number, boolean>();
  /** Per port: everything received when the host disconnected. */
  readonly endedAfter = new Map<number, string>();
  readonly #buffers: { size: number; count: number };
  #pumping = true;

  private constructor(driver: VirtioDriver<DirectTransport>, buffers: { size: number; count: number }) {
    this.driver = driver;
    this.#buffers = buffers;
  }

  static async connect(device: ConsoleDevice, options: GuestConsoleOptions = {}): Promise<GuestConsole> {
    return new GuestConsole(await connect(device, options), options.buffers ?? { size: 64, count: 8 });
  }

  /** Announces itself, as a driver with MULTIPORT does. */
  ready(): void {
    for (let i = 0; i < 4; i++) void this.#listen();
    this.send(0xffff_ffff, 0, 1);
  }

  async #listen(): Promise<void> {
    for (;;) {
      const answer = await this.#next(2, 300);
      if (!answer) return;
      const { data, written } = answer;
      const view = new DataView(data.buffer, 0, written);
      const little = this.driver.endian === "little";
      const id = view.getUint32(0, little);
      const event = view.getUint16(4, little);
      const value = view.getUint16(6, little);
      const rest = data.subarray(8, written);
      const extra = event === 7 ? ` ${new TextDecoder().decode(rest)}` : event === 5 ? ` ${[...rest].join(",")}` : "";
      this.control.push(`${EVENTS[event]} ${id} ${value}${extra}`);
      if (event === 1) {
        this.receive(id);
        this.send(id, 3, 1);
      } else if (event === 4) this.send(id, 6, 1);
      else if (event === 6) {
        this.hostConnected.set(id, value === 1);
        // What is in memory before the message is received before it, though its continuation may run a little later.
        for (let i = 0; i < 4; i++) await Promise.resolve();
        if (value === 0) this.endedAfter.set(id, this.received.get(id) ?? "");
      }
    }
  }

  /** What the device puts into a buffer; undefined when the guest has stopped, or the device was reset. */
  async #next(queue: number, length: number): Promise<Answer | undefined> {
    try {
      const answer = await this.driver.request(queue, [], [length]);
      return this.#pumping ? answer : undefined;
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      return undefined;
    }
  }

  /** Keeps buffers in the receive queue of a port. */
  receive(port: number): void {
    for (let i = 0; i < this.#buffers.count; i++) void this.#receive(port);
  }

  async #receive(port: number): Promise<void> {
    for (;;) {
      const answer = await this.#next(port === 0 ? 0 : 2 + 2 * port, this.#buffers.size);
      if (!answer) return;
      const text = new TextDecoder("latin1").decode(answer.data.subarray(0, answer.written));
      this.received.set(port, (this.received.get(port) ?? "") + text);
    }
  }

  /** Sends a control message. */
  send(id: number, event: number, value: number): void {
    const view = new DataView(new ArrayBuffer(8));
    const little = this.driver.endian === "little";
    view.setUint32(0, id, little);
    view.setUint16(4, event, little);
    view.setUint16(6, value, little);
    this.driver.request(3, [new Uint8Array(view.buffer)]).catch(() => {});
  }

  open(port: number): void {
    this.send(port, 6, 1);
  }

  close(port: number): void {
    this.send(port, 6, 0);
  }

  /** Writes to a port; settles when the device has taken it. */
  async write(port: number, ...texts: string[]): Promise<void> {
    const out = texts.map((text) => new TextEncoder().encode(text));
    await this.driver.request(port === 0 ? 1 : 3 + 2 * port, out);
  }

  stop(): void {
    this.#pumping = false;
  }
}

/** Lets everything run that is ready to run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 60; i++) await Promise.resolve();
}
