import { hex } from "./chain-walk.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE } from "./descriptor.ts";
import { DESC_F_AVAIL, DESC_F_USED, EVENT_DESC, EVENT_DISABLE, EVENT_ENABLE } from "./packed-layout.ts";
import { indexSlot } from "./ring-index.ts";
import type {
  BufferState,
  ChainSnapshot,
  DescriptorSnapshot,
  EventSnapshot,
  PackedSnapshot,
  SlotAndWrap,
  SlotSnapshot,
  SnapshotProblem,
  SplitSnapshot,
  VirtqueueSnapshot,
} from "./snapshot.ts";

const WIDTH = 100;

export interface RenderOptions {
  /** Most places of the ring, and most chains, that are shown. Default 32. */
  readonly rows?: number;
}

/**
 * A snapshot for a terminal: plain ASCII, lines of at most 100 columns, each ended by a newline. The same snapshot gives the same text.
 *
 * In the rings of a split queue `>` is the place that the reader of the ring looks at next and `*` the place that its writer fills next; an
 * entry in brackets is over. In a packed queue arrows show where the device takes and returns and the driver adds and fetches next; the flags
 * are A for AVAIL, U for USED and N for NEXT.
 */
export function renderVirtqueue(snapshot: VirtqueueSnapshot, { rows = 32 }: RenderOptions = {}): string {
  const lines = [title(snapshot)];
  if ("unreadable" in snapshot) lines.push("", ...problemLines(snapshot.problems));
  else {
    lines.push(sourceLine(snapshot.sources), "");
    lines.push(...(snapshot.format === "split" ? splitLines(snapshot, rows) : packedLines(snapshot, rows)));
    lines.push(...chainLines(snapshot.chains, rows));
    if (snapshot.truncated) lines.push("", "There was more to follow than is shown.");
    if (snapshot.problems.length > 0) lines.push("", ...problemLines(snapshot.problems));
  }
  return lines.map((line) => `${line.slice(0, WIDTH).trimEnd()}\n`).join("");
}

function title(snapshot: VirtqueueSnapshot): string {
  const { format, size, endian } = snapshot;
  if ("unreadable" in snapshot) return `${format} virtqueue of ${size}, ${endian}-endian: not readable`;
  const features = [snapshot.indirect && "INDIRECT_DESC", snapshot.eventIndex && "EVENT_IDX", snapshot.inOrder && "IN_ORDER"];
  return [`${format} virtqueue of ${size}, ${endian}-endian`, ...features.filter((feature) => feature !== false)].join(", ");
}

function sourceLine({ device, driver }: { device: boolean; driver: boolean }): string {
  if (device && driver) return "as memory and both sides know it";
  if (!device && !driver) return "as memory shows it";
  return `as memory and the ${device ? "device" : "driver"} side know it`;
}

/** Columns of fixed width, numbers to the right. Too long a value takes more, and the line is cut at its end. */
function columns(...cells: readonly [value: string | number, width: number][]): string {
  return cells.map(([value, width]) => (typeof value === "number" ? `${value}  `.padStart(width) : value.padEnd(width))).join("");
}

const NAMES: Readonly<Record<BufferState, string>> = {
  free: ".",
  queued: "queued",
  available: "available",
  "in-flight": "in flight",
  held: "held back",
  staged: "staged",
  used: "used",
  outstanding: "outstanding",
};

function kind({ flags }: DescriptorSnapshot): string {
  if (flags & DESC_F_INDIRECT) return "table";
  return flags & DESC_F_WRITE ? "write" : "read";
}

function shortHex(address: number): string {
  return Number.isSafeInteger(address) ? hex(address) : ">= 2^53";
}

/** Places of the ring with something in them, or all if they are few, and how many are left out. */
function shownSlots(descriptors: readonly SlotSnapshot[], marked: ReadonlySet<number>, rows: number): { slots: number[]; more: number } {
  const all = [...descriptors.keys()];
  const worth = all.length <= rows ? all : all.filter((slot) => marked.has(slot) || descriptors[slot]?.state !== "free");
  return { slots: worth.slice(0, rows), more: all.length - Math.min(worth.length, rows) };
}

function moreLine(more: number, what: string): string[] {
  return more > 0 ? [`      and ${more} more ${what}`] : [];
}

function splitLines(snapshot: SplitSnapshot, rows: number): string[] {
  const { size, areas, available, used, descriptors, device, driver, eventIndex } = snapshot;
  const suppression = (flags: number, name: string, event: number) => (eventIndex ? `${name} ${event}` : `flags ${flags}`);
  const availableFrom = device?.nextAvailable ?? used.index;
  const usedFrom = driver?.nextUsed ?? used.index;
  const isLive = (slot: number, from: number, to: number) => {
    const distance = indexSlot(slot - from, size);
    return distance < Math.min((to - from) & 0xffff, size);
  };
  const mark = (slot: number, reader: number | undefined, writer: number) =>
    (reader !== undefined && slot === indexSlot(reader, size) ? ">" : " ") + (slot === indexSlot(writer, size) ? "*" : " ");
  const marked = new Set([availableFrom, available.index, used.index, usedFrom].map((index) => indexSlot(index, size)));
  const { slots, more } = shownSlots(descriptors, marked, rows);
  return [
    columns(["  descriptor table", 20], [hex(areas.descriptor), 20]),
    columns(
      ["  available ring", 20],
      [hex(areas.driver), 20],
      [`index ${available.index}`, 14],
      [suppression(available.flags, "used_event", available.usedEvent), 20],
    ),
    columns(
      ["  used ring", 20],
      [hex(areas.device), 20],
      [`index ${used.index}`, 14],
      [suppression(used.flags, "avail_event", used.availEvent), 20],
    ),
    ...(device ? [`  device            takes available ${device.nextAvailable}, returns at used ${device.nextUsed}`] : []),
    ...(driver ? [`  driver            adds at available ${driver.nextAvailable}, fetches used ${driver.nextUsed}`] : []),
    "",
    "slot  descriptor                                           available   used",
    ...slots.map((slot) => {
      const descriptor = descriptors[slot] as SlotSnapshot;
      const { state, flags, link, address, length } = descriptor;
      const head = available.heads[slot] as number;
      const { id, length: written } = used.entries[slot] as { id: number; length: number };
      const next = flags & DESC_F_NEXT && (flags & DESC_F_INDIRECT) === 0 ? `-> ${link}` : "";
      const over = (text: string, live: boolean) => (live ? text : `(${text})`);
      const blank = state === "free" && length === 0 && address === 0;
      return columns(
        [slot, 6],
        [NAMES[state], 12],
        [blank ? "" : kind(descriptor), 6],
        [blank ? "" : `${length}`.padStart(10), 12],
        [blank ? "" : shortHex(address), 17],
        [blank ? "" : next, 9],
        [`${mark(slot, device?.nextAvailable, available.index)} ${over(`${head}`, isLive(slot, availableFrom, available.index))}`, 12],
        [`${mark(slot, driver?.nextUsed, used.index)} ${over(`${id}: ${written}`, isLive(slot, usedFrom, used.index))}`, 26],
      );
    }),
    ...moreLine(more, "places"),
  ];
}

function eventText({ flags, slot, wrap }: EventSnapshot): string {
  if (flags === EVENT_ENABLE) return "wants every notification";
  if (flags === EVENT_DISABLE) return "wants no notification";
  return flags === EVENT_DESC ? `wants one for slot ${slot}, wrap counter ${wrap ? 1 : 0}` : `reserved flags ${flags}`;
}

function packedLines(snapshot: PackedSnapshot, rows: number): string[] {
  const { areas, descriptors, device, driver, driverEvent, deviceEvent } = snapshot;
  const at = ({ slot, wrap }: SlotAndWrap) => `slot ${slot} (wrap counter ${wrap ? 1 : 0})`;
  const marks = new Map<number, string[]>();
  const mark = (verb: string, { slot }: SlotAndWrap) => marks.set(slot, [...(marks.get(slot) ?? []), verb]);
  if (device) {
    mark("takes", device.nextAvailable);
    mark("returns", device.nextUsed);
  }
  if (driver) {
    mark("adds", driver.nextAvailable);
    mark("fetches", driver.nextUsed);
  }
  const { slots, more } = shownSlots(descriptors, new Set(marks.keys()), rows);
  return [
    columns(["  descriptor ring", 20], [hex(areas.descriptor), 20]),
    columns(["  driver event", 20], [hex(areas.driver), 20], [eventText(driverEvent), 50]),
    columns(["  device event", 20], [hex(areas.device), 20], [eventText(deviceEvent), 50]),
    ...(device ? [`  device            takes at ${at(device.nextAvailable)}, returns at ${at(device.nextUsed)}`] : []),
    ...(driver ? [`  driver            adds at ${at(driver.nextAvailable)}, fetches at ${at(driver.nextUsed)}`] : []),
    "",
    "slot  descriptor                                       id     flags",
    ...slots.map((slot) => {
      const descriptor = descriptors[slot] as SlotSnapshot;
      const { state, flags, link, address, length } = descriptor;
      const blank = state === "free" && length === 0 && address === 0;
      const bits = [flags & DESC_F_AVAIL ? "A" : "-", flags & DESC_F_USED ? "U" : "-", flags & DESC_F_NEXT ? "N" : "-"].join("");
      return columns(
        [slot, 6],
        [NAMES[state], 12],
        [blank ? "" : kind(descriptor), 6],
        [blank ? "" : `${length}`.padStart(10), 12],
        [blank ? "" : shortHex(address), 17],
        [blank ? "" : `${link}`, 7],
        [bits, 5],
        [marks.has(slot) ? `<- ${marks.get(slot)?.join(", ")}` : "", 35],
      );
    }),
    ...moreLine(more, "places"),
  ];
}

function chainLines(chains: readonly ChainSnapshot[], rows: number): string[] {
  if (chains.length === 0) return [];
  return ["", ...chains.slice(0, rows).flatMap(oneChain), ...moreLine(chains.length - rows, "chains")];
}

function oneChain({ id, state, slot, parts, more, indirectTable, readable, writable, written, problems }: ChainSnapshot): string[] {
  const where = slot === undefined ? "" : ` at slot ${slot}`;
  const amounts = `${readable} bytes to read, ${writable} to write`;
  const lines = [`buffer ${id}${where}, ${NAMES[state]}: ${amounts}${written === undefined ? "" : `; ${written} reported`}`];
  if (indirectTable) lines.push(`      table of ${indirectTable.entries} at ${hex(indirectTable.address)}`);
  const shown = parts.slice(0, 16);
  for (const part of shown) {
    const index = part.index < 0 ? "-" : `${part.index}`;
    lines.push(
      `${index.padStart(part.indirect ? 8 : 6)}  ${part.writable ? "write" : "read "}${`${part.length}`.padStart(12)}  ${shortHex(part.address)}`,
    );
  }
  return [...lines, ...moreLine(more + parts.length - shown.length, "parts"), ...problemLines(problems)];
}

/** Messages are broken at blanks where they are longer than a line. */
function problemLines(problems: readonly SnapshotProblem[]): string[] {
  return problems.flatMap(({ code, message }) => {
    const lines: string[] = [];
    let line = `  ! ${code}:`;
    for (const word of message.split(" ")) {
      if (line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = "   ";
      }
      line += ` ${word}`;
    }
    return [...lines, line];
  });
}
