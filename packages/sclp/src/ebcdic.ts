/** EBCDIC code pages of the line-mode console: 037 (as under z/VM) and 500 (as on an LPAR, and under KVM). */
export type EbcdicCodePage = "037" | "500";

/** Latin-1 code of each EBCDIC code, in hexadecimal; both pages map one to one onto Latin-1. */
const latin1Of: Readonly<Record<EbcdicCodePage, string>> = {
  "037":
    "000102039c09867f978d8e0b0c0d0e0f101112139d8508871819928f1c1d1e1f" +
    "80818283840a171b88898a8b8c050607909116939495960498999a9b14159e1a" +
    "20a0e2e4e0e1e3e5e7f1a22e3c282b7c26e9eaebe8edeeefecdf21242a293bac" +
    "2d2fc2c4c0c1c3c5c7d1a62c255f3e3ff8c9cacbc8cdcecfcc603a2340273d22" +
    "d8616263646566676869abbbf0fdfeb1b06a6b6c6d6e6f707172aabae6b8c6a4" +
    "b57e737475767778797aa1bfd0dddeae5ea3a5b7a9a7b6bcbdbe5b5dafa8b4d7" +
    "7b414243444546474849adf4f6f2f3f57d4a4b4c4d4e4f505152b9fbfcf9faff" +
    "5cf7535455565758595ab2d4d6d2d3d530313233343536373839b3dbdcd9da9f",
  "500":
    "000102039c09867f978d8e0b0c0d0e0f101112139d8508871819928f1c1d1e1f" +
    "80818283840a171b88898a8b8c050607909116939495960498999a9b14159e1a" +
    "20a0e2e4e0e1e3e5e7f15b2e3c282b2126e9eaebe8edeeefecdf5d242a293b5e" +
    "2d2fc2c4c0c1c3c5c7d1a62c255f3e3ff8c9cacbc8cdcecfcc603a2340273d22" +
    "d8616263646566676869abbbf0fdfeb1b06a6b6c6d6e6f707172aabae6b8c6a4" +
    "b57e737475767778797aa1bfd0dddeaea2a3a5b7a9a7b6bcbdbeac7cafa8b4d7" +
    "7b414243444546474849adf4f6f2f3f57d4a4b4c4d4e4f505152b9fbfcf9faff" +
    "5cf7535455565758595ab2d4d6d2d3d530313233343536373839b3dbdcd9da9f",
};

const newLine = 0x15;
const lineFeed = 0x25;
const substitute = 0x6f;

interface Tables {
  readonly toLatin1: Uint8Array;
  readonly fromLatin1: Uint8Array;
}

const cache = new Map<EbcdicCodePage, Tables>();

function tables(page: EbcdicCodePage): Tables {
  let found = cache.get(page);
  if (found === undefined) {
    const toLatin1 = Uint8Array.from({ length: 256 }, (_, code) => Number.parseInt(latin1Of[page].substring(2 * code, 2 * code + 2), 16));
    const fromLatin1 = new Uint8Array(256);
    toLatin1.forEach((latin1, code) => {
      fromLatin1[latin1] = code;
    });
    found = { toLatin1, fromLatin1 };
    cache.set(page, found);
  }
  return found;
}

/** EBCDIC bytes as text. Both new line (X'15') and line feed (X'25') become "\n". */
export function decodeEbcdic(bytes: Uint8Array, page: EbcdicCodePage): string {
  const { toLatin1 } = tables(page);
  let text = "";
  for (const code of bytes) text += code === newLine || code === lineFeed ? "\n" : String.fromCharCode(toLatin1[code]!);
  return text;
}

/** Text as EBCDIC bytes, one per character. What the code page lacks becomes a question mark; "\n" becomes new line (X'15'). */
export function encodeEbcdic(text: string, page: EbcdicCodePage): Uint8Array {
  const { fromLatin1 } = tables(page);
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    if (code === 0x0a) return newLine;
    return code < 0x100 ? fromLatin1[code]! : substitute;
  });
}
