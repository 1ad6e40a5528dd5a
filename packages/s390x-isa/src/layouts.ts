/** A run of instruction bits. Bit 0 is the leftmost bit of the instruction, as in the Principles of Operation. */
export interface FieldPart {
  readonly bit: number;
  readonly length: number;
}

/** Where the fields of one Principles of Operation format sit, whatever register file they designate. */
export interface Layout {
  readonly length: 2 | 4 | 6;
  readonly fields: ReadonlyMap<string, readonly FieldPart[]>;
}

// One line per format of chapter 5: length in bytes, then fields as name@bit or name@bit:width (width 4 when absent;
// displacements 12). "d2@long" is the 20-bit form: DL in bits 20-31, DH in bits 32-39.
const table = `
E 2
I 2 i1@8:8
IE 4 i1@24 i2@28
MII 6 m1@8 ri2@12:12 ri3@24:24
RI-a 4 r1@8 i2@16:16
RI-b 4 r1@8 ri2@16:16
RI-c 4 m1@8 ri2@16:16
RIE-a 6 r1@8 i2@16:16 m3@32
RIE-b 6 r1@8 r2@12 ri4@16:16 m3@32
RIE-c 6 r1@8 m3@12 ri4@16:16 i2@32:8
RIE-d 6 r1@8 r3@12 i2@16:16
RIE-e 6 r1@8 r3@12 ri2@16:16
RIE-f 6 r1@8 r2@12 i3@16:8 i4@24:8 i5@32:8
RIE-g 6 r1@8 m3@12 i2@16:16
RIL-a 6 r1@8 i2@16:32
RIL-b 6 r1@8 ri2@16:32
RIL-c 6 m1@8 ri2@16:32
RIS 6 r1@8 m3@12 b4@16 d4@20:12 i2@32:8
RR 2 r1@8 r2@12 m1@8
RRD 4 r1@16 r3@24 r2@28
RRE 4 r1@24 r2@28
RRF-a 4 r3@16 m4@20 r1@24 r2@28
RRF-b 4 r3@16 m4@20 r1@24 r2@28
RRF-c 4 m3@16 m4@20 r1@24 r2@28
RRF-d 4 m3@16 m4@20 r1@24 r2@28
RRF-e 4 m3@16 m4@20 r1@24 r2@28
RRS 6 r1@8 r2@12 b4@16 d4@20:12 m3@32
RS-a 4 r1@8 r3@12 b2@16 d2@20:12
RS-b 4 r1@8 m3@12 b2@16 d2@20:12
RSI 4 r1@8 r3@12 ri2@16:16
RSL-a 6 l1@8 b1@16 d1@20:12
RSL-b 6 l2@8:8 b2@16 d2@20:12 r1@32 m3@36
RSY-a 6 r1@8 r3@12 b2@16 d2@long
RSY-b 6 r1@8 m3@12 b2@16 d2@long
RX-a 4 r1@8 x2@12 b2@16 d2@20:12
RX-b 4 m1@8 x2@12 b2@16 d2@20:12
RXE 6 r1@8 x2@12 b2@16 d2@20:12 m3@32
RXF 6 r3@8 x2@12 b2@16 d2@20:12 r1@32
RXY-a 6 r1@8 x2@12 b2@16 d2@long
RXY-b 6 m1@8 x2@12 b2@16 d2@long
S 4 b2@16 d2@20:12
SI 4 i2@8:8 b1@16 d1@20:12
SIL 6 b1@16 d1@20:12 i2@32:16
SIY 6 i2@8:8 b1@16 d1@long
SMI 6 m1@8 b3@16 d3@20:12 ri2@32:16
SS-a 6 l@8:8 b1@16 d1@20:12 b2@32 d2@36:12
SS-b 6 l1@8 l2@12 b1@16 d1@20:12 b2@32 d2@36:12
SS-c 6 l1@8 i3@12 b1@16 d1@20:12 b2@32 d2@36:12
SS-d 6 r1@8 r3@12 b1@16 d1@20:12 b2@32 d2@36:12
SS-e 6 r1@8 r3@12 b2@16 d2@20:12 b4@32 d4@36:12
SS-f 6 l2@8:8 b1@16 d1@20:12 b2@32 d2@36:12
SSE 6 b1@16 d1@20:12 b2@32 d2@36:12
SSF 6 r3@8 b1@16 d1@20:12 b2@32 d2@36:12
VRI-a 6 v1@8 i2@16:16 m3@32
VRI-b 6 v1@8 i2@16:8 i3@24:8 m4@32
VRI-c 6 v1@8 v3@12 i2@16:16 m4@32
VRI-d 6 v1@8 v2@12 v3@16 i4@24:8 m5@32
VRI-e 6 v1@8 v2@12 i3@16:12 m5@28 m4@32
VRI-f 6 v1@8 v2@12 v3@16 m5@24 i4@28:8
VRI-g 6 v1@8 v2@12 i4@16:8 m5@24 i3@28:8
VRI-h 6 v1@8 i2@16:16 i3@32
VRI-i 6 v1@8 r2@12 m4@24 i3@28:8
VRR-a 6 v1@8 v2@12 m5@24 m4@28 m3@32
VRR-b 6 v1@8 v2@12 v3@16 m5@24 m4@32
VRR-c 6 v1@8 v2@12 v3@16 m6@24 m5@28 m4@32
VRR-d 6 v1@8 v2@12 v3@16 m5@20 m6@24 v4@32
VRR-e 6 v1@8 v2@12 v3@16 m6@20 m5@28 v4@32
VRR-f 6 v1@8 r2@12 r3@16
VRR-g 6 v1@12
VRR-h 6 v1@12 v2@16 m3@24
VRR-i 6 r1@8 v2@12 m3@24 m4@28
VRR-j 6 v1@8 v2@12 v3@16 m4@24
VRR-k 6 v1@8 v2@12 m3@24
VRS-a 6 v1@8 v3@12 b2@16 d2@20:12 m4@32
VRS-b 6 v1@8 r3@12 b2@16 d2@20:12 m4@32
VRS-c 6 r1@8 v3@12 b2@16 d2@20:12 m4@32
VRS-d 6 r3@12 b2@16 d2@20:12 v1@32
VRV 6 v1@8 v2@12 b2@16 d2@20:12 m3@32
VRX 6 v1@8 x2@12 b2@16 d2@20:12 m3@32
VSI 6 i3@8:8 b2@16 d2@20:12 v1@32
`;

// RXB, bits 36-39: one extension bit for each place where a vector register number can stand.
const extensionBit: Readonly<Record<number, number>> = { 8: 36, 12: 37, 16: 38, 32: 39 };

function parts(name: string, position: string): FieldPart[] {
  if (position === "long") {
    return [
      { bit: 32, length: 8 },
      { bit: 20, length: 12 },
    ];
  }
  const [bit = 0, length = 4] = position.split(":").map(Number);
  const extension = name.startsWith("v") ? extensionBit[bit] : undefined;
  return extension === undefined
    ? [{ bit, length }]
    : [
        { bit: extension, length: 1 },
        { bit, length },
      ];
}

function parseLayouts(): ReadonlyMap<string, Layout> {
  const result = new Map<string, Layout>();
  for (const line of table.trim().split("\n")) {
    const [name = "", length, ...fields] = line.split(" ");
    const map = new Map<string, readonly FieldPart[]>();
    for (const field of fields) {
      const [fieldName = "", position = ""] = field.split("@");
      map.set(fieldName, parts(fieldName, position));
    }
    result.set(name, { length: Number(length) as 2 | 4 | 6, fields: map });
  }
  return result;
}

export const layouts: ReadonlyMap<string, Layout> = parseLayouts();
