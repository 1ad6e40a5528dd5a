import type { FieldName } from "@zarch/s390x-isa";
import { type I32, type I64, i32, i64, select } from "@zarch/wasm-encoder";
import type { Context } from "../engine/context.ts";
import type { DefinitionTable } from "./table.ts";

/** Branches (PoP chapters 5 and 7). */
export function defineBranch(table: DefinitionTable): void {
  defineOnCondition(table);
  defineLinkage(table);
  defineOnCount(table);
  defineOnIndex(table);
  table.define("ex", (c) => {
    const target = c.address(2);
    c.execute(target, modifier(c));
  });
  table.define("exrl", (c) => {
    const target = c.relativeAddress("ri2");
    c.execute(target, modifier(c));
  });
  // Hints about branches and data have no effect.
  for (const mnemonic of ["bpp", "bprp", "pfd", "pfdrl", "niai"]) table.define(mnemonic, () => {});
}

/** The byte that EXECUTE ORs into the target: bits 56-63 of r1, or nothing when r1 is register 0. */
function modifier(c: Context): I32 {
  return c.let(select(i32.and(c.gr32("r1"), 0xff), i32.const(0), i32.ne(c.registerNumber("r1"), 0)));
}

function defineOnCondition(table: DefinitionTable): void {
  const always = { field: "m1" as FieldName, equals: 15 };
  table.define("bc", (c) => c.f.if(c.conditionHolds("m1"), () => c.branch(c.address(2))), {
    specializations: [{ ...always, definition: (c) => c.branch(c.address(2)) }],
  });
  table.define(
    "bcr",
    (c) =>
      // R2 zero: no branch (with mask 14 or 15 a serialisation, which one CPU does not notice).
      c.f.if(c.conditionHolds("m1"), () => c.f.if(c.registerNumber("r2"), () => c.branch(c.gr64("r2")))),
    {
      specializations: [{ ...always, definition: (c) => c.f.if(c.registerNumber("r2"), () => c.branch(c.gr64("r2"))) }],
    },
  );
  for (const mnemonic of ["brc", "brcl"])
    table.define(mnemonic, (c) => c.branchRelativeIf(c.conditionHolds("m1"), "ri2"), {
      relativeBranch: true,
      specializations: [
        { ...always, definition: (c) => c.branchRelativeIf(i32.const(1), "ri2") },
        // The most frequent masks test one relation each.
        { field: "m1", equals: 8, definition: (c) => c.branchRelativeIf(i32.eqz(c.cc()), "ri2") },
        { field: "m1", equals: 7, definition: (c) => c.branchRelativeIf(c.cc(), "ri2") },
      ],
    });
}

/** Sets the link register: 64 bits in 64-bit mode, else bits 32-63 with the mode bit of 31-bit mode. */
function link(c: Context, next: I64): void {
  c.f.if(
    c.isMode64(),
    () => c.setGr64("r1", next),
    () => c.setGr32("r1", select(i32.wrap(next), i32.or(i32.wrap(next), -0x8000_0000), c.isMode24())),
  );
}

function defineLinkage(table: DefinitionTable): void {
  table.define("basr", (c) => {
    const target = c.let(c.gr64("r2"));
    const branches = c.let(c.registerNumber("r2"));
    link(c, c.nextAddress());
    c.f.if(branches, () => c.branch(target));
  });
  table.define("bas", (c) => {
    const target = c.address(2);
    link(c, c.nextAddress());
    c.branch(target);
  });
  for (const mnemonic of ["bras", "brasl"])
    table.define(
      mnemonic,
      (c) => {
        link(c, c.nextAddress());
        c.branchRelativeIf(i32.const(1), "ri2");
      },
      { relativeBranch: true },
    );
  // BRANCH AND LINK also stores the instruction length, condition code and program mask in 24-bit mode: rare, in the runtime.
  table.helpers(["balr", "bal", "bassm", "bsm"]);
}

function defineOnCount(table: DefinitionTable): void {
  const decrement32 = (c: Context): I32 => {
    const r = c.let(i32.sub(c.gr32("r1"), 1));
    c.setGr32("r1", r);
    return r;
  };
  const decrement64 = (c: Context): I32 => {
    const r = c.let(i64.sub(c.gr64("r1"), 1));
    c.setGr64("r1", r);
    return c.let(i64.ne(r, 0));
  };
  table.define("brct", (c) => c.branchRelativeIf(decrement32(c), "ri2"), { relativeBranch: true });
  table.define("brctg", (c) => c.branchRelativeIf(decrement64(c), "ri2"), { relativeBranch: true });
  table.define(
    "brcth",
    (c) => {
      const r = c.let(i32.sub(c.grHigh("r1"), 1));
      c.setGrHigh("r1", r);
      c.branchRelativeIf(r, "ri2");
    },
    { relativeBranch: true },
  );
  const toAddress = (mnemonic: string, count: (c: Context) => I32): void =>
    table.define(mnemonic, (c) => {
      const target = c.address(2);
      c.f.if(count(c), () => c.branch(target));
    });
  toAddress("bct", decrement32);
  toAddress("bctg", decrement64);
  const toRegister = (mnemonic: string, count: (c: Context) => I32): void =>
    table.define(mnemonic, (c) => {
      const target = c.let(c.gr64("r2"));
      const branches = c.let(c.registerNumber("r2"));
      const left = c.let(count(c));
      c.f.if(left, () => c.f.if(branches, () => c.branch(target)));
    });
  toRegister("bctr", decrement32);
  toRegister("bctgr", decrement64);
}

/** BRANCH ON INDEX: r3 names the increment; the comparand is r3 itself if odd, else the register after it. */
function defineOnIndex(table: DefinitionTable): void {
  const comparand = (c: Context): I32 => i32.or(c.registerNumber("r3"), 1);
  const narrow = (c: Context, high: boolean): I32 => {
    // The comparand may be r1 itself: taken before r1 changes.
    const limit = c.let(i32.wrap(c.gr64At(comparand(c))));
    const sum = c.let(i32.add(c.gr32("r1"), c.gr32("r3")));
    c.setGr32("r1", sum);
    return c.let(high ? i32.gtS(sum, limit) : i32.leS(sum, limit));
  };
  const wide = (c: Context, high: boolean): I32 => {
    const limit = c.let(c.gr64At(comparand(c)));
    const sum = c.let(i64.add(c.gr64("r1"), c.gr64("r3")));
    c.setGr64("r1", sum);
    return c.let(high ? i64.gtS(sum, limit) : i64.leS(sum, limit));
  };
  for (const [high, suffix] of [
    [true, "h"],
    [false, "le"],
  ] as const) {
    const relative = { relativeBranch: true };
    table.define(`brx${suffix}`, (c) => c.branchRelativeIf(narrow(c, high), "ri2"), relative);
    table.define(`brx${high ? "hg" : "lg"}`, (c) => c.branchRelativeIf(wide(c, high), "ri2"), relative);
    for (const [mnemonic, compute] of [
      [`bx${suffix}`, narrow],
      [`bx${high ? "hg" : "leg"}`, wide],
    ] as const)
      table.define(mnemonic, (c) => {
        const target = c.address(2);
        c.f.if(compute(c, high), () => c.branch(target));
      });
  }
}
