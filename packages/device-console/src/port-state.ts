import { type StateReader, toHex } from "@zarch/virtio";
import type { InboundItem } from "./inbound.ts";

/** Bounds of what a saved state may hold: more than a port can have come to. */
const MAX_ITEMS = 1 << 16;
const MAX_BYTES = 1 << 28;

/** What of a port goes with it. Its size is the host's to tell. */
export interface PortState {
  readonly id: number;
  readonly name: string | undefined;
  readonly isConsole: boolean;
  readonly hostOpen: boolean;
  /** The host's end is to be disconnected when all before it is in the guest. */
  readonly ending: boolean;
  readonly toGuest: Uint8Array;
  readonly toHost: readonly InboundItem[];
}

/** A port as plain data. */
export function writePort({ id, name, isConsole, hostOpen, ending, toGuest, toHost }: PortState): unknown {
  return {
    id,
    name: name ?? null,
    console: isConsole,
    hostOpen,
    ending,
    toGuest: toHex(toGuest),
    toHost: toHost.map((item) => (typeof item === "string" ? { event: item } : { bytes: toHex(item) })),
  };
}

/**
 * The inverse of {@link writePort}, of data of unknown origin.
 * @throws VirtioStateError
 */
export function readPort(reader: StateReader, maxPorts: number): PortState {
  return {
    id: reader.integer("id", 0, maxPorts - 1),
    name: reader.isNull("name") ? undefined : reader.string("name", 255),
    isConsole: reader.boolean("console"),
    hostOpen: reader.boolean("hostOpen"),
    ending: reader.boolean("ending"),
    toGuest: reader.bytes("toGuest", MAX_BYTES),
    toHost: reader
      .children("toHost", MAX_ITEMS)
      .map((item) => (item.value("event") === undefined ? item.bytes("bytes", MAX_BYTES) : item.choice("event", ["open", "close"]))),
  };
}
