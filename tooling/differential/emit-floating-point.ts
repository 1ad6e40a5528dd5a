import { type Body, FLOATING_PAIRS } from "./body.ts";
import { emitByFormat } from "./emit-by-format.ts";
import { type Emitters, forEach } from "./emitter.ts";

function loadFloat(body: Body, register: number, value: bigint): void {
  body.load(body.scratch, value);
  body.asm.a("ldgr", register, body.scratch);
}

export const floatingPoint: Emitters = [
  // QEMU 7.2 chooses another one when more than one operand is a NaN (corrected in 9.2), so all are numbers.
  ...forEach("maebr msebr madbr msdbr maeb mseb madb msdb", (body, { mnemonic, format }) => {
    const { asm, random } = body;
    const isShort = mnemonic[2] === "e";
    const [r1, r2, r3] = [random.below(16), random.below(16), random.below(16)] as const;
    for (const register of [r1, r2, r3]) loadFloat(body, register, random.finiteFloat(isShort));
    if (format.name === "RRD") {
      asm.a(mnemonic, { r1, r3, r2 });
      return;
    }
    const place = body.place(body.target(8), false, true);
    body.load(body.scratch, random.finiteFloat(isShort));
    asm.a("stg", { r1: body.scratch, d2: place.d, x2: place.x, b2: place.b });
    asm.a(mnemonic, { r1, r3, d2: place.d, x2: place.x, b2: place.b });
  }),
  // QEMU 7.2 does not make a signaling NaN a quiet one.
  ...forEach("ltebr ltdbr ltxbr", (body, { mnemonic }) => {
    const { asm, random } = body;
    const r2 = random.pick(FLOATING_PAIRS);
    loadFloat(body, r2, random.finiteFloat(mnemonic === "ltebr"));
    asm.a(mnemonic, { r1: random.pick(FLOATING_PAIRS), r2 });
  }),
  // QEMU 7.2 leaves the inexact flag alone when a conversion to fixed is invalid; the manual sets it. It is on before.
  ...forEach("cfebr cfdbr cfxbr cgebr cgdbr cgxbr clfebr clfdbr clfxbr clgebr clgdbr clgxbr", (body, instruction) => {
    const { asm, scratch } = body;
    asm.a("efpc", { r1: scratch }).a("oilh", scratch, 0x0008).a("sfpc", { r1: scratch });
    emitByFormat(body, instruction);
  }),
];
