import type { EventInformation, NotificationType } from "./event-information.ts";
import type { ChannelPathAssignment } from "./path-management.ts";
import { viewOf } from "./schib.ts";
import type { Subchannel } from "./subchannel.ts";

/** Command codes of CHANNEL SUBSYSTEM CALL that this channel subsystem knows. */
export const ChscCommand = {
  storeChannelPathDescription: 0x0002,
  storeSubchannelDescription: 0x0004,
  storeEventInformation: 0x000e,
  storeChannelSubsystemCharacteristics: 0x0010,
  setDomainAttributes: 0x0031,
} as const;

/** Response codes. */
export const ChscResponse = {
  ok: 0x0001,
  invalidRequest: 0x0003,
  notProvided: 0x0004,
  noEvent: 0x0005,
  unsupportedFormat: 0x0007,
  invalidChannelSubsystem: 0x0008,
  facilityNotProvided: 0x0101,
} as const;

/** What the commands need to know of the channel subsystem. */
export interface ChscContext {
  readonly events: EventInformation;
  /** The channel subsystem that a request means, or undefined if there is no such one. `multiple`: the request's bit M. */
  resolveCssid(multiple: boolean, cssid: number): number | undefined;
  channelPaths(cssid: number): readonly ChannelPathAssignment[];
  /** A subchannel of the default channel subsystem. */
  subchannel(ssid: number, number: number): Subchannel | undefined;
  enableMultipleChannelSubsystems(): void;
  enableMultipleSubchannelSets(): void;
}

const headerLength = 8;
const blockLength = 4096;

/** The length in the request header is one that CHANNEL SUBSYSTEM CALL accepts; otherwise an operand exception follows. */
export function isValidRequestLength(length: number): boolean {
  return length >= 16 && length <= blockLength - headerLength && length % 8 === 0;
}

/**
 * Executes one command (the instruction is described in the I/O architecture's own books; the codes are those that Linux uses).
 * @param request the request block, {@link isValidRequestLength} bytes
 * @returns the response block, header included
 */
export function executeChsc(request: Uint8Array, context: ChscContext): Uint8Array {
  const room = blockLength - request.length;
  switch (viewOf(request).getUint16(2)) {
    case ChscCommand.storeChannelPathDescription:
      return storeChannelPathDescription(request, context, room);
    case ChscCommand.storeSubchannelDescription:
      return storeSubchannelDescription(request, context, room);
    case ChscCommand.storeEventInformation:
      return storeEventInformation(request, context, room);
    case ChscCommand.storeChannelSubsystemCharacteristics:
      return storeCharacteristics(request, context, room);
    case ChscCommand.setDomainAttributes:
      return setDomainAttributes(request, context);
    default:
      return response(ChscResponse.notProvided);
  }
}

function response(code: number, parameter = 0, data: Uint8Array = new Uint8Array()): Uint8Array {
  const block = new Uint8Array(headerLength + data.length);
  const view = viewOf(block);
  view.setUint16(0, block.length);
  view.setUint16(2, code);
  view.setUint32(4, parameter);
  block.set(data, headerLength);
  return block;
}

function storeChannelPathDescription(request: Uint8Array, context: ChscContext, room: number): Uint8Array {
  const view = viewOf(request);
  const word1 = view.getUint32(4);
  const word2 = view.getUint32(8);
  const requested = (word1 >>> 8) & 0x0f;
  const format = requested > 1 ? requested : (word1 & 0x1000_0000) !== 0 ? 1 : 0;
  const first = word1 & 0xff;
  const last = word2 & 0xff;
  const reserved = (word1 & 0xc000_f000) !== 0 || (word2 & 0xffff_ff00) !== 0 || view.getUint32(12) !== 0;
  if (request.length !== 16 || reserved || last < first) return response(ChscResponse.invalidRequest, format);
  if ((word1 & 0x0f00_0000) !== 0 || format > 1) return response(ChscResponse.unsupportedFormat, format);
  const cssid = context.resolveCssid((word1 & 0x2000_0000) !== 0, (word1 >>> 16) & 0xff);
  if (cssid === undefined) return response(ChscResponse.invalidChannelSubsystem, format);
  const length = format === 0 ? 8 : 32;
  const paths = context.channelPaths(cssid).filter(({ chpid }) => chpid >= first && chpid <= last);
  const fitting = paths.slice(0, Math.floor((room - headerLength) / length));
  const data = new Uint8Array(fitting.length * length);
  for (const [index, { chpid, type }] of fitting.entries()) {
    // Valid, with the path's type and number; nothing is known of switches or measurement.
    data.set([0x80, 0, type, chpid], index * length);
  }
  return response(ChscResponse.ok, format, data);
}

function storeSubchannelDescription(request: Uint8Array, context: ChscContext, room: number): Uint8Array {
  const view = viewOf(request);
  const word1 = view.getUint32(4);
  const ssid = (word1 >>> 20) & 0x03;
  const first = word1 & 0xffff;
  const last = view.getUint16(10);
  const reserved = (word1 & 0xffcf_0000) !== 0 || view.getUint16(8) !== 0 || view.getUint32(12) !== 0;
  if (request.length !== 16 || reserved || last < first) return response(ChscResponse.invalidRequest);
  const count = Math.min(last - first + 1, Math.floor((room - headerLength) / 32));
  const data = new Uint8Array(count * 32);
  const entries = viewOf(data);
  for (let index = 0; index < count; index++) {
    const subchannel = context.subchannel(ssid, first + index);
    const offset = index * 32;
    entries.setUint16(offset + 6, first + index);
    if (!subchannel) continue;
    const { pmcw } = subchannel;
    entries.setUint8(offset, 0xc0);
    entries.setUint16(offset + 2, pmcw.deviceNumber);
    entries.setUint8(offset + 4, pmcw.pathInstalledMask);
    for (const [path, { chpid }] of pmcw.paths.entries()) entries.setUint8(offset + 8 + path, chpid);
  }
  return response(ChscResponse.ok, 0, data);
}

function storeCharacteristics(request: Uint8Array, context: ChscContext, room: number): Uint8Array {
  const view = viewOf(request);
  const word1 = view.getUint32(4);
  if (request.length !== 16) return response(ChscResponse.invalidRequest);
  if ((word1 & 0x000f_0000) !== 0) return response(ChscResponse.unsupportedFormat);
  if (context.resolveCssid((word1 & 0x2000_0000) !== 0, (word1 >>> 8) & 0xff) === undefined) {
    return response(ChscResponse.invalidChannelSubsystem);
  }
  const reserved = (word1 & 0xdff0_00ff) !== 0 || view.getUint32(8) !== 0 || view.getUint32(12) !== 0;
  if (reserved) return response(ChscResponse.invalidRequest);
  const data = new Uint8Array(room - headerLength);
  const words = viewOf(data);
  for (const bit of generalCharacteristics) setBit(words, 0, bit);
  for (const bit of chscCharacteristics) setBit(words, generalCharacteristicsLength, bit);
  return response(ChscResponse.ok, 0, data);
}

const generalCharacteristicsLength = 2040;

/** General characteristics, by bit number; 45 multiple channel subsystems, 46 format-1 path descriptions, 48 format-1 measurement blocks. */
const generalCharacteristics = [6, 7, 45, 46, 47, 48, 51, 108];
/** CHSC characteristics: which optional commands exist. */
const chscCharacteristics = [1, 109];

function setBit(view: DataView, offset: number, bit: number): void {
  const byte = offset + (bit >> 3);
  view.setUint8(byte, view.getUint8(byte) | (0x80 >> (bit & 7)));
}

function setDomainAttributes(request: Uint8Array, context: ChscContext): Uint8Array {
  const word1 = viewOf(request).getUint32(4);
  if (request.length !== 0x0400 || (word1 & 0xf0ff_0000) !== 0) return response(ChscResponse.invalidRequest);
  if ((word1 & 0x0f00_0000) !== 0) return response(ChscResponse.unsupportedFormat);
  switch (word1 & 0xffff) {
    case 0:
      context.enableMultipleChannelSubsystems();
      return response(ChscResponse.ok);
    case 2:
      context.enableMultipleSubchannelSets();
      return response(ChscResponse.ok);
    default:
      return response(ChscResponse.facilityNotProvided);
  }
}

function storeEventInformation(request: Uint8Array, context: ChscContext, room: number): Uint8Array {
  const { events } = context;
  // Type 0 is always asked for; bit 2 of the mask asks for type 2.
  const types: readonly NotificationType[] = (viewOf(request).getUint32(8) & 0x2000_0000) !== 0 ? [0, 2] : [0];
  const type = types.find((candidate) => events.has(candidate));
  const event = type === undefined ? undefined : events.take(type);
  if (event === undefined) return response(ChscResponse.noEvent);
  const data = new Uint8Array(room - headerLength);
  data.set(event.subarray(0, data.length));
  data[0]! &= 0x3f;
  if (types.some((candidate) => events.has(candidate))) data[0]! |= 0x80;
  if (events.takeLost()) data[0]! |= 0x40;
  return response(ChscResponse.ok, type, data);
}
