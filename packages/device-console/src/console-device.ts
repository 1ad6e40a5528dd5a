import {
  type ActiveDevice,
  ConfigSpace,
  type DeviceContext,
  FeatureSet,
  type ReadonlyFeatureSet,
  StateReader,
  type VirtioDevice,
} from "@zarch/virtio";
import { console as virtioConsole } from "@zarch/virtio/device-types";
import { HostError, type Logger, silentLogger } from "@zarch/vmm-interface";
import { ActiveConsole } from "./active-console.ts";
import { type ConsolePort, Port } from "./port.ts";
import { type PortState, readPort, writePort } from "./port-state.ts";

export interface ConsolePortOptions {
  /** Name for the guest's programs to find the port by. UTF-8, at most 255 bytes. */
  readonly name?: string;
  /** Whether the guest is to use it as a console. Default: true for the first port of a device without names, else false. */
  readonly console?: boolean;
}

export interface ConsoleDeviceOptions {
  /** The ports at first, with ids 0, 1, 2, ... Default: one console port. */
  readonly ports?: readonly ConsolePortOptions[];
  /**
   * Largest number of ports, 1 to 64. With more than one, or with a port that has a name or is no console, the device has the MULTIPORT
   * feature. Default: the number of {@link ports}.
   */
  readonly maxPorts?: number;
  /** Size of the terminal behind the first port, in characters. Without it the device offers no size. */
  readonly size?: { readonly columns: number; readonly rows: number };
  /** Bytes to hold for each port in each direction before the sender has to wait. Default 256 KiB. */
  readonly bufferSize?: number;
  /** Receives bytes of the emergency write facility, possible long before a driver is there. Default: the receiver of port 0. */
  readonly emergencyWrite?: (byte: number) => void;
  /**
   * Order of the numbers in a RESIZE message of a device with MULTIPORT. `"columns-first"` is what the specification says and newer Linux
   * expects; Linux before 6.15 expects `"rows-first"`. A device without MULTIPORT does not have the problem. Default `"columns-first"`.
   */
  readonly resizeOrder?: "columns-first" | "rows-first";
  readonly logger?: Logger;
}

const QUEUE_SIZE = 64;
const MAX_PORTS = 64;
const MAX_NAME_BYTES = 255;

export type ConsoleConfig = ConfigSpace<typeof virtioConsole.CONFIG>;

/** A virtio console device (virtio 5.3): one console, or a number of ports that are streams of bytes. */
export class ConsoleDevice implements VirtioDevice {
  readonly deviceId = virtioConsole.ID;
  readonly features: ReadonlyFeatureSet;
  readonly queueMaxSizes: readonly number[];
  readonly config: ConsoleConfig = new ConfigSpace(virtioConsole.CONFIG);
  readonly #ports = new Map<number, Port>();
  readonly #maxPorts: number;
  readonly #multiport: boolean;
  readonly #bufferSize: number;
  readonly #logger: Logger;
  readonly #rowsFirst: boolean;
  #active: ActiveConsole | undefined;

  /** @throws HostError ERR_CONSOLE_OPTIONS */
  constructor(options: ConsoleDeviceOptions = {}) {
    const ports = options.ports ?? [{ console: true }];
    const maxPorts = options.maxPorts ?? Math.max(1, ports.length);
    if (!Number.isInteger(maxPorts) || maxPorts < 1 || maxPorts > MAX_PORTS || ports.length > maxPorts) {
      throw new HostError("ERR_CONSOLE_OPTIONS", `${ports.length} ports of at most ${maxPorts}`);
    }
    this.#maxPorts = maxPorts;
    this.#multiport = maxPorts > 1 || ports.some(({ name, console }) => name !== undefined || console === false);
    this.#bufferSize = Math.max(1, Math.floor(options.bufferSize ?? 256 * 1024));
    this.#logger = options.logger ?? silentLogger;
    this.#rowsFirst = options.resizeOrder === "rows-first";
    const features = new FeatureSet([virtioConsole.F_EMERG_WRITE]);
    if (options.size) features.add(virtioConsole.F_SIZE);
    if (this.#multiport) features.add(virtioConsole.F_MULTIPORT);
    this.features = features;
    this.queueMaxSizes = new Array<number>(virtioConsole.queueCount(maxPorts, this.#multiport)).fill(QUEUE_SIZE);
    for (const port of ports) this.addPort(port);
    this.config.set({ max_nr_ports: maxPorts, cols: options.size?.columns ?? 0, rows: options.size?.rows ?? 0 });
    const first = this.#ports.get(0);
    if (first && options.size) first.size = options.size;
    this.config.onWrite((field, value) => {
      if (field !== "emerg_wr") return;
      const byte = value & 0xff;
      if (options.emergencyWrite) options.emergencyWrite(byte);
      else this.#ports.get(0)?.inbound.put(new Uint8Array([byte]));
    });
  }

  /** The ports there are, by id. */
  get ports(): readonly ConsolePort[] {
    return [...this.#ports.values()].sort((a, b) => a.id - b.id);
  }

  /**
   * A port by id or name.
   * @throws HostError ERR_CONSOLE_PORT if there is none
   */
  port(which: number | string): ConsolePort {
    const port = typeof which === "number" ? this.#ports.get(which) : this.ports.find(({ name }) => name === which);
    if (!port) throw new HostError("ERR_CONSOLE_PORT", `there is no console port ${which}`);
    return port;
  }

  /**
   * Adds a port with the lowest free id, also while the guest runs.
   * @throws HostError ERR_CONSOLE_OPTIONS if there is no room for one, or the name is too long
   */
  addPort(options: ConsolePortOptions = {}): ConsolePort {
    let id = 0;
    while (this.#ports.has(id)) id++;
    if (id >= this.#maxPorts) throw new HostError("ERR_CONSOLE_OPTIONS", `all ${this.#maxPorts} ports are in use`);
    if (options.name !== undefined && new TextEncoder().encode(options.name).length > MAX_NAME_BYTES) {
      throw new HostError("ERR_CONSOLE_OPTIONS", "the name of a port has more than 255 bytes");
    }
    const port = this.#makePort(id, options.name, options.console ?? !this.#multiport);
    this.#active?.addPort(port);
    return port;
  }

  #makePort(id: number, name: string | undefined, isConsole: boolean): Port {
    const port = new Port({
      id,
      name,
      isConsole,
      bufferSize: this.#bufferSize,
      logger: this.#logger,
      // Port 0 has its size in the configuration space, too (5.3.6).
      resized: ({ id, size }) => {
        if (id === 0 && size && this.features.has(virtioConsole.F_SIZE)) this.config.set({ cols: size.columns, rows: size.rows });
      },
      closed: () => new HostError("ERR_CONSOLE_CLOSED", `console port ${id} has ended`),
    });
    this.#ports.set(id, port);
    return port;
  }

  /** Removes a port, also while the guest runs. What the guest wrote to it is received as far as the buffer of the port has room. */
  removePort(port: ConsolePort): void {
    const own = this.#ports.get(port.id);
    if (own !== port) throw new HostError("ERR_CONSOLE_PORT", `port ${port.id} is not one of this device`);
    this.#ports.delete(port.id);
    this.#active?.removePort(own);
  }

  activate(context: DeviceContext): ActiveDevice {
    try {
      this.#active = new ActiveConsole(context, this.#ports.values(), this.#rowsFirst);
    } catch (error) {
      for (const port of this.#ports.values()) port.forget();
      throw error;
    }
    return this.#active;
  }

  /** What is on its way in either direction. What a writer waits with, or a receiver is at work with, is theirs. */
  save(): unknown {
    return { ports: Array.from(this.#ports.values(), (port) => writePort(port.save())) };
  }

  /**
   * Ports that were added later are added again. Set receivers of the others before: they hear at once of what was on its way to them, and first
   * that the guest has a port open, if so.
   */
  restore(state: unknown): void {
    const reader = new StateReader(state, "console");
    const saved = new Map<number, PortState>();
    for (const entry of reader.children("ports", this.#maxPorts)) {
      const port = readPort(entry, this.#maxPorts);
      if (saved.has(port.id)) entry.refuse(`port ${port.id} is there twice`);
      saved.set(port.id, port);
    }
    for (const { id, name, isConsole } of this.#ports.values()) {
      const port = saved.get(id);
      if (port?.name !== name || port?.isConsole !== isConsole) reader.refuseDevice(`port ${id} is another one`);
    }
    if (!this.#multiport && saved.size > 1) reader.refuseDevice("it has several ports");
    for (const [id, port] of saved) (this.#ports.get(id) ?? this.#makePort(id, port.name, port.isConsole)).restore(port);
  }

  reset(): void {
    this.#active = undefined;
  }
}
