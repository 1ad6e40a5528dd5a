import type { Logger } from "@zarch/vmm-interface";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import type { PortState } from "./port-state.ts";

/** The host's end of a port: a stream of bytes to the guest and one from it. */
export interface ConsolePort {
  /** Port number, as in the guest's /dev/vport0pN. */
  readonly id: number;
  /** Shown in the guest as /sys/class/virtio-ports/vport0pN/name. */
  readonly name: string | undefined;
  /** Whether the guest is to make a console (/dev/hvcN) of it. */
  readonly isConsole: boolean;
  /** Whether a program in the guest has the port open, or its driver uses it as a console. */
  readonly guestOpen: boolean;
  /** Whether the guest sees the host's end as connected; false after {@link end}. */
  readonly hostOpen: boolean;
  /** Bytes that are on their way to the guest and not in its memory yet. */
  readonly buffered: number;

  /**
   * Receives what the guest writes, in order and in pieces of at most 64 KiB, which then belong to the receiver. Return a promise to get
   * the next piece only when it has settled; the guest then has to wait when the buffer of the port is full. Without a receiver, data
   * is dropped.
   */
  onData: ((bytes: Uint8Array) => void | Promise<void>) | undefined;
  /** The guest opened the port. In order with {@link onData}. */
  onOpen: (() => void) | undefined;
  /** The guest closed the port, or its driver was reset: everything it wrote before has been received. */
  onClose: (() => void) | undefined;

  /**
   * Sends bytes to the guest. They wait here until the guest has the port open and gives room. The promise settles when there is room for
   * more: await it, and leave `bytes` alone until then.
   * @throws HostError ERR_CONSOLE_CLOSED after {@link end}; ERR_CONSOLE_BACKPRESSURE when a thousand writes wait already
   */
  write(bytes: Uint8Array): Promise<void>;
  /** As {@link write}, but takes all (a copy) or, when there is no room, nothing. */
  tryWrite(bytes: Uint8Array): boolean;
  /**
   * Ends the stream to the guest: when everything written before is in its memory, the port shows as disconnected, so that a reader in the
   * guest gets an end of file. A guest can write only to a port that is connected. Settles when the guest has been told.
   */
  end(): Promise<void>;
  /** Connects the port again after {@link end}. */
  open(): void;
  /** Settles when the host is done with everything that the guest has written so far: what to wait for before leaving. */
  drain(): Promise<void>;
  /** Tells the guest the size of the terminal behind a console port, in characters. */
  resize(columns: number, rows: number): void;
}

/** What the device in service does for a port. */
export interface PortLink {
  /** There may be something to send. */
  pumpToGuest(port: Port): void;
  /** There is room for what the guest sends. */
  pumpFromGuest(port: Port): void;
  /** The host's end was connected or disconnected. */
  hostOpenChanged(port: Port): void;
  resized(port: Port): void;
}

export interface PortSetup {
  readonly id: number;
  readonly name: string | undefined;
  readonly isConsole: boolean;
  /** Bytes to hold in each direction. */
  readonly bufferSize: number;
  readonly logger: Logger;
  readonly resized: (port: Port) => void;
  readonly closed: () => Error;
}

/** A port with all that belongs to it for longer than one life of the driver. */
export class Port implements ConsolePort {
  readonly id: number;
  readonly name: string | undefined;
  readonly isConsole: boolean;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly #setup: PortSetup;
  onData: ConsolePort["onData"];
  onOpen: ConsolePort["onOpen"];
  onClose: ConsolePort["onClose"];
  /** The device in service, if there is one. */
  link: PortLink | undefined;
  size: { readonly columns: number; readonly rows: number } | undefined;
  #guestOpen = false;
  #hostOpen = true;
  /** Settles the promise of {@link end}. */
  #ending: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(setup: PortSetup) {
    this.#setup = setup;
    this.id = setup.id;
    this.name = setup.name;
    this.isConsole = setup.isConsole;
    this.outbound = new Outbound(setup.bufferSize);
    this.inbound = new Inbound(
      setup.bufferSize,
      {
        data: (bytes) => this.onData?.(bytes),
        open: () => this.onOpen?.(),
        close: () => this.onClose?.(),
        drained: () => this.link?.pumpFromGuest(this),
      },
      setup.logger,
    );
  }

  get guestOpen(): boolean {
    return this.#guestOpen;
  }

  get hostOpen(): boolean {
    return this.#hostOpen;
  }

  get buffered(): number {
    return this.outbound.buffered;
  }

  tryWrite(bytes: Uint8Array): boolean {
    if (this.#ending || !this.#hostOpen) throw this.#setup.closed();
    const taken = this.outbound.tryPut(bytes);
    if (taken) this.link?.pumpToGuest(this);
    return taken;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#ending || !this.#hostOpen) return Promise.reject(this.#setup.closed());
    const done = this.outbound.put(bytes);
    this.link?.pumpToGuest(this);
    return done;
  }

  end(): Promise<void> {
    if (!this.#hostOpen) return Promise.resolve();
    if (!this.#ending) {
      let resolve = (): void => {};
      const promise = new Promise<void>((settle) => {
        resolve = settle;
      });
      this.#ending = { promise, resolve };
      this.settleEnd();
    }
    return this.#ending?.promise ?? Promise.resolve();
  }

  /** Disconnects if the end was asked for and everything before it has gone. */
  settleEnd(): void {
    const ending = this.#ending;
    if (!ending || !this.outbound.empty) return;
    this.#ending = undefined;
    this.#hostOpen = false;
    this.link?.hostOpenChanged(this);
    ending.resolve();
  }

  open(): void {
    if (this.#hostOpen) return;
    this.#hostOpen = true;
    this.link?.hostOpenChanged(this);
  }

  drain(): Promise<void> {
    return this.inbound.drain();
  }

  resize(columns: number, rows: number): void {
    this.size = { columns, rows };
    this.#setup.resized(this);
    this.link?.resized(this);
  }

  save(): PortState {
    const { id, name, isConsole } = this;
    const ending = this.#ending !== undefined;
    return { id, name, isConsole, hostOpen: this.#hostOpen, ending, toGuest: this.outbound.save(), toHost: this.inbound.save() };
  }

  /** Goes on where a saved port was. */
  restore({ hostOpen, ending, toGuest, toHost }: PortState): void {
    this.#hostOpen = hostOpen;
    this.outbound.restore(toGuest);
    this.inbound.restore(toHost);
    if (ending) void this.end();
  }

  /** Undoes {@link restore}, of a state that proved to be unusable. */
  forget(): void {
    this.#guestOpen = false;
    this.#hostOpen = true;
    this.#ending = undefined;
    this.outbound.clear();
    this.inbound.clear();
  }

  /** The guest opened or closed the port. The host learns of it after everything that came before. */
  setGuestOpen(open: boolean): boolean {
    if (this.#guestOpen === open) return false;
    this.#guestOpen = open;
    return true;
  }
}
