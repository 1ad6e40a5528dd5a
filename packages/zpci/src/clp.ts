import { PciRegister } from "@zarch/pci";
import { END_DMA, START_DMA } from "./dma-memory.ts";
import type { ZpciFunction } from "./zpci-function.ts";

/** Commands of CALL LOGICAL PROCESSOR for PCI. */
export const ClpCommand = { listFunctions: 2, queryFunction: 3, queryGroup: 4, setFunction: 5 } as const;

/** Response codes. */
export const ClpResponse = {
  ok: 0x0010,
  unknownCommand: 0x0020,
  unsupportedFormat: 0x0040,
  invalidLength: 0x0050,
  reservedNotZero: 0x0070,
  invalidHandle: 0x0101,
  handleNotValidForOperation: 0x0102,
  invalidAddressSpaces: 0x0103,
  insufficientResources: 0x0104,
  functionBusy: 0x0108,
  unknownResumeToken: 0x010a,
  unknownGroup: 0x010b,
} as const;

/** Operations of SET PCI FUNCTION. */
const ENABLE = 0;
const DISABLE = 1;

/** Bytes of request and response headers, and of every request. */
const REQUEST_HEADER = 16;
const RESPONSE_HEADER = 16;
const REQUEST_LENGTH = 32;

/** Bytes of an entry of the list, and where the entries begin. */
const LIST_ENTRY = 16;
const LIST_HEADER = 32;
const MAX_FUNCTIONS = 0x1000;
const UNIQUE_UIDS = 1;

const QUERY_FUNCTION_LENGTH = 256;
const QUERY_GROUP_LENGTH = 64;
const SET_FUNCTION_LENGTH = 32;

/** The one function group: what all functions of this machine have in common. */
export const GROUP = {
  id: 0xff,
  /** Most vectors of a function. */
  vectors: 128,
  /** Most bytes of a PCI STORE BLOCK. */
  maxStoreBlock: 128,
  /** Where messages go. The address says nothing: a function's messages are its own. */
  messageAddressHigh: 0xfe00_0000,
  messageAddressLow: 0,
} as const;

/** What the commands work on. */
export interface ClpContext {
  /** Functions that the guest may know, in the order of their index. */
  functions(): readonly ZpciFunction[];
  /** The function that a handle means exactly. */
  byHandle(handle: number): ZpciFunction | undefined;
}

/**
 * Executes one command.
 * @param request its bytes @param response its bytes; the length field in its header says how many the guest provides, and then how many are meant
 * @returns the condition code
 */
export function executeClp(request: DataView, response: DataView, context: ClpContext): number {
  const code = request.byteLength === REQUEST_LENGTH ? execute(request, response, context) : ClpResponse.invalidLength;
  response.setUint16(2, code);
  return 0;
}

function execute(request: DataView, response: DataView, context: ClpContext): number {
  switch (request.getUint16(2)) {
    case ClpCommand.listFunctions:
      return listFunctions(request, response, context);
    case ClpCommand.queryFunction:
      return queryFunction(request, response, context);
    case ClpCommand.queryGroup:
      return queryGroup(request, response);
    case ClpCommand.setFunction:
      return setFunction(request, response, context);
    default:
      return ClpResponse.unknownCommand;
  }
}

/** Format 0, and nothing else in the header. */
function checkHeader(request: DataView): number {
  const word = request.getUint32(4);
  if (word >>> 28 !== 0) return ClpResponse.unsupportedFormat;
  return word !== 0 || request.getUint32(8) !== 0 || request.getUint32(12) !== 0 ? ClpResponse.reservedNotZero : 0;
}

function listFunctions(request: DataView, response: DataView, context: ClpContext): number {
  const refused = checkHeader(request);
  if (refused !== 0) return refused;
  const provided = response.byteLength;
  if (provided < LIST_HEADER + LIST_ENTRY || (provided - LIST_HEADER) % LIST_ENTRY !== 0) return ClpResponse.invalidLength;
  const functions = context.functions();
  const token = request.getUint32(REQUEST_HEADER + 4);
  // The token is the index of the function to go on with.
  let next = token === 0 ? 0 : functions.findIndex(({ index }) => index === token);
  if (next < 0 || request.getUint32(REQUEST_HEADER) !== 0) return ClpResponse.unknownResumeToken;
  clear(response, RESPONSE_HEADER - 12);
  let at = LIST_HEADER;
  for (; next < functions.length && at + LIST_ENTRY <= provided; next++, at += LIST_ENTRY) {
    const { pciFunction, state, id, handle } = functions[next] as ZpciFunction;
    response.setUint16(at, pciFunction.config.view.getUint16(PciRegister.deviceId, true));
    response.setUint16(at + 2, pciFunction.config.view.getUint16(PciRegister.vendorId, true));
    response.setUint32(at + 4, state === "standby" ? 0 : 0x8000_0000);
    response.setUint32(at + 8, id);
    response.setUint32(at + 12, handle);
  }
  response.setUint16(0, at);
  response.setUint32(RESPONSE_HEADER + 4, functions[next]?.index ?? 0);
  response.setUint16(28, MAX_FUNCTIONS);
  response.setUint8(30, UNIQUE_UIDS);
  response.setUint8(31, LIST_ENTRY);
  return ClpResponse.ok;
}

function queryFunction(request: DataView, response: DataView, context: ClpContext): number {
  const found = context.byHandle(request.getUint32(REQUEST_HEADER));
  if (found === undefined) return ClpResponse.invalidHandle;
  if (response.byteLength < QUERY_FUNCTION_LENGTH) return ClpResponse.invalidLength;
  clear(response, 4);
  response.setUint8(19, GROUP.id);
  response.setUint32(20, found.id);
  const { bars, config } = found.pciFunction;
  for (const [i, bar] of bars.entries()) {
    response.setUint8(24 + i, bar ? Math.log2(bar.size) : 0);
    // As configuration space has it: little-endian.
    response.setUint32(32 + 4 * i, config.view.getUint32(PciRegister.bar0 + 4 * i, false));
  }
  setUint64(response, 64, START_DMA);
  setUint64(response, 72, END_DMA);
  response.setUint32(124, found.uid);
  return ClpResponse.ok;
}

function queryGroup(request: DataView, response: DataView): number {
  if (request.getUint8(REQUEST_HEADER + 3) !== GROUP.id) return ClpResponse.unknownGroup;
  if (response.byteLength < QUERY_GROUP_LENGTH) return ClpResponse.invalidLength;
  clear(response, 4);
  response.setUint16(16, GROUP.vectors);
  // Refreshes are needed only when a translation goes away: no bit for more than that.
  response.setUint16(20, GROUP.maxStoreBlock);
  response.setUint32(40, GROUP.messageAddressHigh);
  response.setUint32(44, GROUP.messageAddressLow);
  return ClpResponse.ok;
}

function setFunction(request: DataView, response: DataView, context: ClpContext): number {
  const found = context.byHandle(request.getUint32(REQUEST_HEADER));
  if (found === undefined) return ClpResponse.invalidHandle;
  if (response.byteLength < SET_FUNCTION_LENGTH) return ClpResponse.invalidLength;
  const operation = request.getUint8(REQUEST_HEADER + 6);
  if (operation === ENABLE) {
    const addressSpaces = request.getUint8(REQUEST_HEADER + 7);
    if (addressSpaces === 0) return ClpResponse.invalidAddressSpaces;
    if (addressSpaces > 1) return ClpResponse.insufficientResources;
    if (found.enabled || found.state === "standby") return ClpResponse.handleNotValidForOperation;
    if (found.busy) return ClpResponse.functionBusy;
    found.enable();
  } else if (operation === DISABLE) {
    if (!found.enabled) return ClpResponse.handleNotValidForOperation;
    found.disable();
  } else {
    return ClpResponse.handleNotValidForOperation;
  }
  response.setUint32(RESPONSE_HEADER, found.handle);
  return ClpResponse.ok;
}

function clear(view: DataView, from: number): void {
  new Uint8Array(view.buffer, view.byteOffset + from, view.byteLength - from).fill(0);
}

function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / 0x1_0000_0000));
  view.setUint32(offset + 4, value >>> 0);
}
