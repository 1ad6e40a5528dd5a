/** What a port needs of its console. */
export interface PortLink {
  send(port: number, data: Uint8Array): Promise<void>;
  setOpen(port: number, open: boolean): Promise<void>;
}

/** A console, or a stream of bytes to and from the host: one port of a console device, the driver's end. */
export class ConsolePortDriver {
  readonly id: number;
  /** What the host calls the port. */
  name: string | undefined;
  /** Whether the host says that the port is to be used as a console. */
  isConsole: boolean;
  /** Whether somebody at the host's end has the port open. */
  hostConnected: boolean;
  /** In characters, if the host has told. */
  size: { readonly columns: number; readonly rows: number } | undefined;
  readonly #link: PortLink;
  #onData: ((data: Uint8Array) => void | Promise<void>) | undefined;
  #wanted: (() => void)[] = [];
  #tail: Promise<void> = Promise.resolve();

  constructor(id: number, link: PortLink, isConsole: boolean) {
    this.id = id;
    this.#link = link;
    this.isConsole = isConsole;
    // Without MULTIPORT there is no message about it.
    this.hostConnected = isConsole;
  }

  /**
   * Who gets what the host writes, in order. Until there is somebody, and while a promise of it is open, the host has to wait.
   */
  set onData(listener: ((data: Uint8Array) => void | Promise<void>) | undefined) {
    this.#onData = listener;
    if (listener) for (const go of this.#wanted.splice(0)) go();
  }

  get onData(): ((data: Uint8Array) => void | Promise<void>) | undefined {
    return this.#onData;
  }

  /** Hands data over after what came before. Settles when the receiver is done with it, whatever became of it there. */
  deliver(data: Uint8Array): Promise<void> {
    const previous = this.#tail;
    this.#tail = (async () => {
      await previous;
      while (!this.#onData) await new Promise<void>((resolve) => this.#wanted.push(resolve));
      await this.#onData(data);
    })().catch(() => {
      // Data is not kept for a receiver that throws.
    });
    return this.#tail;
  }

  /** Sends text (as UTF-8) or bytes. Settles when the device has taken all of it. */
  write(data: string | Uint8Array): Promise<void> {
    return this.#link.send(this.id, typeof data === "string" ? new TextEncoder().encode(data) : data);
  }

  /** Tells the host that a program has opened the port. Consoles are open from the beginning. */
  open(): Promise<void> {
    return this.#link.setOpen(this.id, true);
  }

  /** Tells the host that no program has the port open any more. */
  close(): Promise<void> {
    return this.#link.setOpen(this.id, false);
  }
}
