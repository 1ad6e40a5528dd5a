import { console as virtioConsole } from "@zarch/virtio/device-types";
import { DriverError } from "../errors.ts";
import type { DriverTransport } from "../transport.ts";
import { VirtioDriver, type VirtioDriverOptions } from "../virtio-driver.ts";
import { ConsolePortDriver, type PortLink } from "./console-port.ts";

export interface ConsoleDriverOptions extends Pick<VirtioDriverOptions, "queueSize" | "without" | "polling"> {
  /** Most ports to use, however many the device has. Default 31. */
  readonly maxPorts?: number;
}

const FEATURES = [virtioConsole.F_SIZE, virtioConsole.F_MULTIPORT, virtioConsole.F_EMERG_WRITE];

/** The id in a message that is about no port. */
const NO_PORT = 0xffff_ffff;

/** Buffers that wait in each receive queue, and their size in bytes. */
const RECEIVE_BUFFERS = 2;
const RECEIVE_SIZE = 1024;
/** Most bytes sent in one buffer. */
const SEND_SIZE = 4096;
const QUEUE_SIZE = 16;

interface PortWait {
  readonly which: number | string;
  readonly resolve: (port: ConsolePortDriver) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A driver for console devices (virtio 5.3): one console, or with MULTIPORT any number of ports.
 *
 * ```ts
 * await using console = await ConsoleDriver.open(transport);
 * const port = await console.port(0);
 * port.onData = (bytes) => show(new TextDecoder().decode(bytes));
 * await port.write("hello\n");
 * ```
 */
export class ConsoleDriver<T extends DriverTransport = DriverTransport> {
  readonly driver: VirtioDriver<T>;
  readonly #ports = new Map<number, ConsolePortDriver>();
  readonly #waits = new Set<PortWait>();
  readonly #link: PortLink = {
    send: (port, data) => this.#send(port, data),
    setOpen: (port, open) => this.#setOpen(port, open),
  };
  /** Ports whose receive queue has its buffers; it keeps them when the port goes and comes again. Another set after each reset. */
  #receiving = new Set<number>();

  private constructor(driver: VirtioDriver<T>) {
    this.driver = driver;
    driver.onFailure((error) => this.#endWaits(error));
    driver.onConfigChange(() => void this.#readSize());
  }

  /** @throws DriverError as {@link VirtioDriver.open} */
  static async open<T extends DriverTransport>(transport: T, options: ConsoleDriverOptions = {}): Promise<ConsoleDriver<T>> {
    const { maxPorts = 31, ...rest } = options;
    const driver = await VirtioDriver.open(transport, {
      queueSize: QUEUE_SIZE,
      ...rest,
      deviceId: virtioConsole.ID,
      features: FEATURES,
      queues: async (negotiated) => virtioConsole.queueCount(Math.min(maxPorts, await portCount(negotiated)), isMultiport(negotiated)),
    });
    const console = new ConsoleDriver(driver);
    await console.#start();
    return console;
  }

  get #multiport(): boolean {
    return isMultiport(this.driver);
  }

  async #start(): Promise<void> {
    this.#receiving = new Set();
    if (!this.#multiport) {
      this.#addPort(0, true);
      await this.#readSize();
      return;
    }
    for (let i = 0; i < RECEIVE_BUFFERS; i++) void this.#untilEnd(() => this.#receiveControl()).then((end) => end && this.#endWaits(end));
    await this.#sendControl(NO_PORT, virtioConsole.DEVICE_READY, 1);
  }

  /** Brings the device back after a failure; see {@link VirtioDriver.initialize}. Ports are the same objects where they are there again. */
  async recover(): Promise<void> {
    await this.driver.initialize();
    if (this.#multiport) this.#ports.clear();
    await this.#start();
  }

  /** The ports there are now, by id. */
  get ports(): readonly ConsolePortDriver[] {
    return [...this.#ports.values()].sort((a, b) => a.id - b.id);
  }

  /**
   * A port by id or name; waits until it is there.
   * @throws DriverError (as a rejection) when the device fails, is reset, or the driver is closed first; ERR_DRIVER_REQUEST if a console
   * without MULTIPORT is asked for another port than its only one, 0
   */
  port(which: number | string): Promise<ConsolePortDriver> {
    const port = this.ports.find((candidate) => matches(candidate, which));
    if (port) return Promise.resolve(port);
    return new Promise((resolve, reject) => {
      const only = this.#multiport ? undefined : new DriverError("ERR_DRIVER_REQUEST", `the console has no port ${which}`);
      const obstacle = this.driver.failure ?? only;
      if (obstacle) reject(obstacle);
      else this.#waits.add({ which, resolve, reject });
    });
  }

  #settleWaits(port: ConsolePortDriver): void {
    for (const wait of this.#waits) {
      if (!matches(port, wait.which)) continue;
      this.#waits.delete(wait);
      wait.resolve(port);
    }
  }

  #endWaits(error: DriverError): void {
    for (const { reject } of this.#waits) reject(error);
    this.#waits.clear();
  }

  /** Writes one character through the configuration, without any queue (EMERG_WRITE). */
  async emergencyWrite(character: number): Promise<void> {
    if (!this.driver.features.has(virtioConsole.F_EMERG_WRITE)) {
      throw new DriverError("ERR_DRIVER_REQUEST", "the console has no emergency write");
    }
    const { offset, width } = virtioConsole.CONFIG.emerg_wr;
    await this.driver.writeConfig(offset, width, character);
  }

  async #readSize(): Promise<void> {
    if (!this.driver.features.has(virtioConsole.F_SIZE)) return;
    const { cols, rows } = virtioConsole.CONFIG;
    await this.#untilEnd(async () => {
      const reading = await this.driver.readConfigFields({ cols, rows });
      const port = this.#ports.get(0);
      if (port) port.size = { columns: reading.cols, rows: reading.rows };
    });
  }

  /** Runs something that ends with the service of the device, and returns what ended it. */
  async #untilEnd(work: () => Promise<void>): Promise<DriverError | undefined> {
    try {
      await work();
    } catch (error) {
      if (error instanceof DriverError) return error;
      throw error;
    }
    return undefined;
  }

  // ---- data ----

  #addPort(id: number, isConsole: boolean): void {
    const port = this.#ports.get(id) ?? new ConsolePortDriver(id, this.#link, isConsole);
    this.#ports.set(id, port);
    if (!this.#receiving.has(id)) {
      this.#receiving.add(id);
      for (let i = 0; i < RECEIVE_BUFFERS; i++) void this.#untilEnd(() => this.#receive(id));
    }
    this.#settleWaits(port);
  }

  async #receive(id: number): Promise<void> {
    const life = this.#receiving;
    while (this.#receiving === life) {
      const { data, written } = await this.driver.request(virtioConsole.receiveQueue(id), [], [RECEIVE_SIZE]);
      await this.#ports.get(id)?.deliver(data.subarray(0, written));
    }
  }

  async #send(port: number, data: Uint8Array): Promise<void> {
    const pieces: Promise<unknown>[] = [];
    for (let at = 0; at < data.length; at += SEND_SIZE) {
      pieces.push(this.driver.request(virtioConsole.transmitQueue(port), [data.subarray(at, at + SEND_SIZE)]));
    }
    await Promise.all(pieces);
  }

  async #setOpen(port: number, open: boolean): Promise<void> {
    if (this.#multiport) await this.#sendControl(port, virtioConsole.PORT_OPEN, open ? 1 : 0);
  }

  // ---- control messages (5.3.6.2) ----

  async #sendControl(id: number, event: number, value: number): Promise<void> {
    const view = new DataView(new ArrayBuffer(virtioConsole.CONTROL_SIZE));
    const little = this.driver.endian === "little";
    view.setUint32(0, id, little);
    view.setUint16(4, event, little);
    view.setUint16(6, value, little);
    await this.driver.request(virtioConsole.QUEUE_CONTROL_TRANSMIT, [new Uint8Array(view.buffer)]);
  }

  async #receiveControl(): Promise<void> {
    const life = this.#receiving;
    while (this.#receiving === life) {
      const { data, written } = await this.driver.request(virtioConsole.QUEUE_CONTROL_RECEIVE, [], [RECEIVE_SIZE]);
      if (written < virtioConsole.CONTROL_SIZE) {
        this.driver.fail(new DriverError("ERR_DRIVER_DEVICE", `the console sends a control message of ${written} bytes`));
        return;
      }
      const view = new DataView(data.buffer, 0, written);
      const little = this.driver.endian === "little";
      await this.#control(view.getUint32(0, little), view.getUint16(4, little), view.getUint16(6, little), view);
    }
  }

  async #control(id: number, event: number, value: number, message: DataView): Promise<void> {
    if (event === virtioConsole.DEVICE_ADD) {
      await this.#portAdded(id);
      return;
    }
    const port = this.#ports.get(id);
    if (!port) return;
    const rest = new Uint8Array(message.buffer, virtioConsole.CONTROL_SIZE, message.byteLength - virtioConsole.CONTROL_SIZE);
    switch (event) {
      case virtioConsole.DEVICE_REMOVE:
        this.#ports.delete(id);
        break;
      case virtioConsole.CONSOLE_PORT:
        port.isConsole = true;
        await this.#setOpen(id, true);
        break;
      case virtioConsole.RESIZE:
        this.#resized(port, message);
        break;
      case virtioConsole.PORT_OPEN:
        port.hostConnected = value !== 0;
        break;
      case virtioConsole.PORT_NAME:
        port.name = new TextDecoder().decode(rest);
        this.#settleWaits(port);
        break;
    }
  }

  async #portAdded(id: number): Promise<void> {
    // A device that adds what there is, or what there is no queue for, gets told that it does not work.
    const usable = !this.#ports.has(id) && virtioConsole.transmitQueue(id) < this.driver.queueCount;
    if (usable) this.#addPort(id, false);
    await this.#sendControl(id, virtioConsole.PORT_READY, usable ? 1 : 0);
  }

  #resized(port: ConsolePortDriver, message: DataView): void {
    if (message.byteLength < virtioConsole.CONTROL_SIZE + virtioConsole.RESIZE_SIZE) return;
    const little = this.driver.endian === "little";
    port.size = {
      columns: message.getUint16(virtioConsole.CONTROL_SIZE, little),
      rows: message.getUint16(virtioConsole.CONTROL_SIZE + 2, little),
    };
  }

  /** Resets the device; see {@link VirtioDriver.close}. */
  close(): Promise<void> {
    this.#endWaits(new DriverError("ERR_DRIVER_CLOSED", "the driver was closed"));
    return this.driver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function matches(port: ConsolePortDriver, which: number | string): boolean {
  return typeof which === "number" ? port.id === which : port.name === which;
}

function isMultiport(driver: VirtioDriver): boolean {
  return driver.features.has(virtioConsole.F_MULTIPORT);
}

async function portCount(driver: VirtioDriver): Promise<number> {
  if (!isMultiport(driver)) return 1;
  const { max_nr_ports } = virtioConsole.CONFIG;
  return Math.max(1, (await driver.readConfigFields({ max_nr_ports })).max_nr_ports);
}
