const blockHeaderLength = 12;
const messageTextObject = 4;
const messageTextObjectHeader = 10;
const objectHeaderLength = 4;

/**
 * The EBCDIC text of each message text object in a message data block (the data of a message event, 0x02 or 0x09).
 * A block is a header (length, type, tag, revision), then objects (length, type, …) to its end; objects of other types,
 * such as the general object with the time of day, are passed over.
 * @returns undefined when the lengths do not fit into each other
 */
export function messageLines(data: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < blockHeaderLength) return undefined;
  const end = view.getUint16(0);
  if (end < blockHeaderLength || end > data.length) return undefined;
  const lines: Uint8Array[] = [];
  for (let offset = blockHeaderLength; offset < end; ) {
    if (end - offset < objectHeaderLength) return undefined;
    const length = view.getUint16(offset);
    if (length < objectHeaderLength || length > end - offset) return undefined;
    if (view.getUint16(offset + 2) === messageTextObject) {
      if (length < messageTextObjectHeader) return undefined;
      lines.push(data.subarray(offset + messageTextObjectHeader, offset + length));
    }
    offset += length;
  }
  return lines;
}
