import { type ActiveDevice, type DeviceContext, type DeviceQueue, fromHex, StateReader, toHex } from "@zarch/virtio";
import { console as virtioConsole } from "@zarch/virtio/device-types";
import type { DescriptorChain } from "@zarch/vring";
import { controlMessage } from "./control-message.ts";
import type { Port, PortLink } from "./port.ts";

/** Largest piece that is handed to the host at a time. */
const PIECE = 64 * 1024;

/** Buffers and events of a port that are held before openings without effect are left out. */
const MAX_HELD = 256;

/** Most control messages in a saved state, and most characters of one: header and name, two for each byte. */
const MAX_CONTROL = 1 << 16;
const MAX_CONTROL_TEXT = 2 * (8 + 255);

/** What the driver knows of a port in this life of the driver. */
interface PortLife {
  readonly port: Port;
  /** PORT_READY came: the guest knows the port, and is told more of it. */
  ready: boolean;
  /** Buffers of the guest that were taken from the queue but are not wholly read, and events that came after them. */
  readonly held: (DescriptorChain | "open" | "close")[];
}

function readableLength(chain: DescriptorChain): number {
  return chain.spans().readable.reduce((sum, [, length]) => sum + length, 0);
}

/** A console device in service. */
export class ActiveConsole implements ActiveDevice, PortLink {
  readonly #context: DeviceContext;
  readonly #multiport: boolean;
  readonly #rowsFirst: boolean;
  readonly #lives = new Map<number, PortLife>();
  /** Control messages that wait for a buffer of the guest. */
  readonly #control: Uint8Array[] = [];
  /** By port id: how many DEVICE_ADD messages the guest has not answered with PORT_READY. */
  readonly #unanswered = new Map<number, number>();
  /** DEVICE_READY came. */
  #ready = false;
  #stopped = false;

  constructor(context: DeviceContext, ports: Iterable<Port>, rowsFirst: boolean) {
    this.#context = context;
    this.#multiport = context.features.has(virtioConsole.F_MULTIPORT);
    this.#rowsFirst = rowsFirst;
    if (context.restored === undefined) for (const port of ports) this.addPort(port);
    else this.#restore(new StateReader(context.restored, "console in service"), ports);
  }

  /** Nothing here lets go of guest memory late: what is held waits for the host, and how far it got is saved. */
  get quiet(): boolean {
    return true;
  }

  save(): unknown {
    return {
      ready: this.#ready,
      control: this.#control.map(toHex),
      unanswered: [...this.#unanswered].filter(([, count]) => count > 0).map(([id, count]) => ({ id, count })),
      ports: [...this.#lives.values()].map(({ port, ready, held }) => {
        const first = held.find((item) => typeof item !== "string");
        return {
          id: port.id,
          ready,
          open: port.guestOpen,
          held: held.map((item) => (typeof item === "string" ? item : "buffer")),
          // Bytes of the first buffer that the host has.
          consumed: first === undefined ? 0 : readableLength(first) - first.readable.remaining,
        };
      }),
    };
  }

  #restore(reader: StateReader, ports: Iterable<Port>): void {
    const byId = new Map(Array.from(ports, (port) => [port.id, port]));
    this.#ready = reader.boolean("ready");
    for (const text of reader.array("control", MAX_CONTROL)) {
      const message = typeof text === "string" && text.length <= MAX_CONTROL_TEXT ? fromHex(text) : undefined;
      if (!message || message.length < virtioConsole.CONTROL_SIZE) reader.refuse("control holds something else than messages");
      this.#control.push(message);
    }
    for (const entry of reader.children("unanswered", MAX_CONTROL)) {
      this.#unanswered.set(entry.integer("id", 0, 0xffff_ffff), entry.integer("count", 0, MAX_CONTROL));
    }
    for (const entry of reader.children("ports", byId.size)) {
      const known = byId.get(entry.integer("id", 0, 0xffff_ffff));
      const port = known && !this.#lives.has(known.id) ? known : entry.refuse("there is no such port, or it is there twice");
      const life: PortLife = { port, ready: entry.boolean("ready"), held: this.#restoreHeld(entry, port) };
      this.#lives.set(port.id, life);
      port.setGuestOpen(entry.boolean("open"));
    }
    if (this.#lives.size !== (this.#multiport ? byId.size : Math.min(1, byId.size))) reader.refuse("a port is missing");
    for (const { port } of this.#lives.values()) {
      port.link = this;
      this.resized(port);
    }
  }

  /** Takes the buffers again that were held. */
  #restoreHeld(entry: StateReader, port: Port): PortLife["held"] {
    const kinds = entry.array("held", 2 * MAX_HELD);
    const queue = this.#context.queue(virtioConsole.transmitQueue(port.id));
    if (kinds.filter((kind) => kind === "buffer").length !== (queue?.returning ?? 0)) entry.refuse("other buffers are held");
    let consumed = entry.integer("consumed", 0, 0xffff_ffff);
    return kinds.map((kind) => {
      if (kind === "open" || kind === "close") return kind;
      const chain = kind === "buffer" ? queue?.pop() : undefined;
      if (!chain || consumed > chain.readable.remaining) return entry.refuse("something is held that cannot be");
      chain.readable.skip(consumed);
      consumed = 0;
      return chain;
    });
  }

  /** A port that is there from now on. */
  addPort(port: Port): void {
    if (!this.#multiport && port.id !== 0) return;
    this.#lives.set(port.id, { port, ready: false, held: [] });
    port.link = this;
    if (!this.#multiport) this.#setGuestOpen(port, true);
    else if (this.#ready) this.#announce(port.id);
  }

  /** A port that is gone. */
  removePort(port: Port): void {
    const life = this.#lives.get(port.id);
    if (life?.port !== port) return;
    this.pumpFromGuest(port);
    const queue = this.#context.queue(virtioConsole.transmitQueue(port.id));
    // The driver takes back what it has in the queues of the port; nothing may be missing then.
    for (const item of life.held) if (typeof item !== "string") queue?.push(item, 0);
    queue?.flush();
    this.#lives.delete(port.id);
    this.#unlink(life);
    if (this.#multiport && this.#ready) this.#send(port.id, virtioConsole.DEVICE_REMOVE, 1);
  }

  notify(index: number): void {
    if (this.#stopped) return;
    if (this.#multiport && index === virtioConsole.QUEUE_CONTROL_RECEIVE) this.#pumpControl();
    else if (this.#multiport && index === virtioConsole.QUEUE_CONTROL_TRANSMIT) this.#readControl();
    else {
      const port = this.#lives.get(virtioConsole.portOfQueue(index))?.port;
      if (port && index === virtioConsole.receiveQueue(port.id)) this.pumpToGuest(port);
      else if (port) this.pumpFromGuest(port);
    }
  }

  reset(): void {
    this.#stopped = true;
    for (const life of this.#lives.values()) this.#unlink(life);
  }

  #unlink(life: PortLife): void {
    const { port } = life;
    port.link = undefined;
    // Buffers that were not read yet belong to the driver again; what happened between them still happened.
    for (const item of life.held.splice(0)) if (typeof item === "string") port.inbound.put(item);
    if (port.setGuestOpen(false)) port.inbound.put("close");
  }

  pumpToGuest(port: Port): void {
    const queue = this.#context.queue(virtioConsole.receiveQueue(port.id));
    if (queue && port.guestOpen) {
      while (port.outbound.buffered > 0) {
        const chain = queue.pop();
        if (!chain) break;
        const { writable } = chain;
        port.outbound.take(writable.remaining, (piece) => writable.writeExact(piece));
        queue.push(chain, writable.written);
      }
      queue.flush();
    }
    port.settleEnd();
  }

  pumpFromGuest(port: Port): void {
    const life = this.#lives.get(port.id);
    const queue = this.#context.queue(virtioConsole.transmitQueue(port.id));
    if (!life || life.port !== port || !queue || this.#stopped || this.#context.paused) return;
    for (;;) {
      const item = life.held[0];
      if (typeof item === "string") {
        life.held.shift();
        port.inbound.put(item);
      } else if (item) {
        if (!this.#receive(port, queue, item)) break;
        life.held.shift();
      } else {
        if (port.inbound.room === 0) break;
        const chain = queue.pop();
        if (!chain) break;
        life.held.push(chain);
      }
    }
    queue.flush();
  }

  /** Reads a buffer of the guest. Returns false if the host has to make room before all of it is read. */
  #receive(port: Port, queue: DeviceQueue, chain: DescriptorChain): boolean {
    const { readable } = chain;
    while (readable.remaining > 0) {
      const { room } = port.inbound;
      if (room === 0) return false;
      const piece = new Uint8Array(Math.min(readable.remaining, room, PIECE));
      readable.readExact(piece);
      port.inbound.put(piece);
    }
    queue.push(chain, 0);
    return true;
  }

  #send(id: number, event: number, value: number, payload?: Uint8Array): void {
    this.#control.push(controlMessage(this.#context.endian, id, event, value, payload));
    this.#pumpControl();
  }

  #pumpControl(): void {
    const queue = this.#context.queue(virtioConsole.QUEUE_CONTROL_RECEIVE);
    if (!queue) return;
    while (this.#control.length > 0) {
      const chain = queue.pop();
      if (!chain) break;
      // A buffer without room for a message is of no use to anybody.
      if (chain.writableLength >= virtioConsole.CONTROL_SIZE) chain.writable.write(this.#control.shift() as Uint8Array);
      queue.push(chain, chain.writable.written);
    }
    queue.flush();
  }

  #readControl(): void {
    const queue = this.#context.queue(virtioConsole.QUEUE_CONTROL_TRANSMIT);
    if (!queue) return;
    for (const chain of queue) {
      if (chain.readable.remaining >= virtioConsole.CONTROL_SIZE) {
        const { endian } = this.#context;
        const id = chain.readable.readUint32(endian);
        const event = chain.readable.readUint16(endian);
        this.#handle(id, event, chain.readable.readUint16(endian));
      }
      queue.push(chain, 0);
    }
    queue.flush();
  }

  #handle(id: number, event: number, value: number): void {
    if (event === virtioConsole.DEVICE_READY) {
      if (value === 0 || this.#ready) return;
      this.#ready = true;
      for (const port of this.#lives.keys()) this.#announce(port);
      return;
    }
    const life = this.#lives.get(id);
    if (event === virtioConsole.PORT_READY && this.#isLastAnswer(id)) {
      if (value === 0) this.#context.logger.log("warn", `the guest could not set up console port ${id}`);
      else if (life) this.#introduce(life);
    } else if (event === virtioConsole.PORT_OPEN && life?.ready) {
      this.#setGuestOpen(life.port, value !== 0);
    }
  }

  #announce(id: number): void {
    this.#unanswered.set(id, (this.#unanswered.get(id) ?? 0) + 1);
    this.#send(id, virtioConsole.DEVICE_ADD, 1);
  }

  /** Counts a PORT_READY. False for one too many, and for one that is about a port that was here before under the same id. */
  #isLastAnswer(id: number): boolean {
    const left = (this.#unanswered.get(id) ?? 0) - 1;
    if (left >= 0) this.#unanswered.set(id, left);
    return left === 0;
  }

  /** Tells the guest about a port that it has set up. */
  #introduce(life: PortLife): void {
    life.ready = true;
    const { port } = life;
    if (port.isConsole) this.#send(port.id, virtioConsole.CONSOLE_PORT, 1);
    if (port.name !== undefined) this.#send(port.id, virtioConsole.PORT_NAME, 1, new TextEncoder().encode(port.name));
    if (port.hostOpen) this.#send(port.id, virtioConsole.PORT_OPEN, 1);
    this.resized(port);
  }

  hostOpenChanged(port: Port): void {
    if (this.#lives.get(port.id)?.ready) this.#send(port.id, virtioConsole.PORT_OPEN, port.hostOpen ? 1 : 0);
  }

  resized(port: Port): void {
    const { size } = port;
    if (!size || !port.isConsole || !this.#lives.get(port.id)?.ready || !this.#context.features.has(virtioConsole.F_SIZE)) return;
    const payload = new DataView(new ArrayBuffer(4));
    const little = this.#context.endian === "little";
    payload.setUint16(this.#rowsFirst ? 2 : 0, size.columns, little);
    payload.setUint16(this.#rowsFirst ? 0 : 2, size.rows, little);
    this.#send(port.id, virtioConsole.RESIZE, 1, new Uint8Array(payload.buffer));
  }

  #setGuestOpen(port: Port, open: boolean): void {
    if (!port.setGuestOpen(open)) return;
    const life = this.#lives.get(port.id);
    // What the guest wrote before comes first: buffers that wait in the queue are taken out, so that later ones can be told apart.
    const queue = this.#context.queue(virtioConsole.transmitQueue(port.id));
    if (life) {
      if (queue) for (const chain of queue) life.held.push(chain);
      // A bound for a guest that opens and closes without end while the host is busy.
      if (!open && life.held.length >= MAX_HELD && life.held.at(-1) === "open") life.held.pop();
      else life.held.push(open ? "open" : "close");
    }
    this.pumpFromGuest(port);
    if (open) this.pumpToGuest(port);
  }
}
