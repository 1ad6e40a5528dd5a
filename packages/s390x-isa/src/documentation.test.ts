import { describe, expect, it } from "vitest";
import { formsOf, instruction, instructions, instructionsByFacility, opcodeTables, operandNotation } from "./index.ts";

describe("opcode documentation", () => {
  it("writes operands as the manual does", () => {
    const notation = (mnemonic: string): string => operandNotation(instruction(mnemonic)!.format);
    expect(notation("lg")).toBe("R1,D2(X2,B2)");
    expect(notation("mvc")).toBe("D1(L,B1),D2(B2)");
    expect(notation("plo")).toBe("R1,D2(B2),R3,D4(B4)");
    expect(notation("sske")).toBe("R1,R2[,M3]");
    expect(notation("ipte")).toBe("R1,R2[,R3[,M4]]");
    expect(notation("vgef")).toBe("V1,D2(V2,B2),M3");
    expect(notation("csch")).toBe("");
    expect(operandNotation(formsOf("nop")[0]!.format)).toBe("[D2(X2,B2)]");
  });

  it("puts every instruction under one facility", () => {
    const groups = instructionsByFacility();
    expect([...groups.values()].reduce((sum, members) => sum + members.length, 0)).toBe(instructions.length);
    expect(groups.get("transactional-execution")?.map((each) => each.mnemonic)).toEqual([
      "etnd",
      "ntstg",
      "tabort",
      "tbegin",
      "tbeginc",
      "tend",
    ]);
  });

  it("makes a table for each facility, with a column of the caller", () => {
    const text = opcodeTables({
      include: (each) => each.facility === "population-count" || each.mnemonic === "spm",
      note: { title: "Here", text: (each) => (each.privileged ? "no" : "a|b") },
      headingLevel: 3,
    });
    expect(text).toBe(
      [
        "### base z/Architecture (1)",
        "",
        "| Mnemonic | Operands | Opcode | Format | Since | Authority | Here |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| SPM | R1 | 04 | RR | g5 |  | a\\|b |",
        "",
        "### population-count (1)",
        "",
        "| Mnemonic | Operands | Opcode | Format | Since | Authority | Here |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| POPCNT | R1,R2[,M3] | B9E1 | RRF-c | z196 |  | a\\|b |",
        "",
      ].join("\n"),
    );
    expect(opcodeTables().match(/^\| [A-Z]/gm)?.length).toBe(1226 + instructionsByFacility().size);
  });
});
