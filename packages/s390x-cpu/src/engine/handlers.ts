import type { FieldName, Instruction } from "@zarch/s390x-isa";
import type { Definition } from "./context.ts";

/** Handler numbers with a fixed meaning. */
export const FixedHandler = {
  /** A record that was not decoded yet. */
  decode: 0,
  /** Behind the last record of a page: go on at the next page. */
  pageEnd: 1,
  /** An unassigned operation code. */
  operation: 2,
  /** A register field that must be even is odd. */
  specification: 3,
} as const;
const FIRST_HANDLER = 4;

/** A form of an instruction that the decoder chooses when a field has a certain value. */
export interface Specialization {
  readonly field: FieldName;
  readonly equals: number;
  readonly definition: Definition;
}

export interface DefinedInstruction {
  readonly instruction: Instruction;
  readonly definition: Definition;
  /** Ends in a relative branch: the decoder chooses between two forms, to anywhere and within the page. */
  readonly relativeBranch: boolean;
  /** All of it is the runtime's. */
  readonly isHelper: boolean;
  readonly specializations: readonly Specialization[];
}

/** One handler: an instruction in one of its forms. */
export interface Handler {
  readonly number: number;
  readonly name: string;
  readonly instruction: Instruction;
  readonly definition: Definition;
  /** The relative field is an offset between records of one page. */
  readonly near: boolean;
}

export interface HandlerSet {
  readonly handlers: readonly Handler[];
  /** First handler of each defined instruction by instruction id; its near form, if any, is the next one. */
  readonly first: ReadonlyMap<number, Handler>;
  /** Specialised handlers by instruction id, each with the condition that chooses it. */
  readonly specialized: ReadonlyMap<number, readonly { readonly when: Specialization; readonly handler: Handler }[]>;
  /** Handlers with a number below this are built into the main loop. */
  readonly hotLimit: number;
}

/**
 * Numbers all handlers, the hot ones first.
 * @param hot names of hot handlers: a mnemonic, with `@near` for a near form and `#value` for a specialisation
 */
export function numberHandlers(defined: readonly DefinedInstruction[], hot: readonly string[]): HandlerSet {
  interface Draft extends Omit<Handler, "number"> {
    readonly group: number;
  }
  // A far form and its near form must be neighbours, so the pair is one group; the hotter of the two decides its place.
  const groups: Draft[][] = [];
  for (const { instruction, definition, relativeBranch, specializations } of defined) {
    const forms = [
      { suffix: "", definition },
      ...specializations.map((each) => ({ suffix: `#${each.equals}`, definition: each.definition })),
    ];
    for (const form of forms) {
      const name = instruction.mnemonic + form.suffix;
      const group = groups.length;
      const pair: Draft[] = [{ name, instruction, definition: form.definition, near: false, group }];
      if (relativeBranch) pair.push({ name: `${name}@near`, instruction, definition: form.definition, near: true, group });
      groups.push(pair);
    }
  }
  const rank = new Map(hot.map((name, index) => [name, index]));
  const rankOf = (group: readonly Draft[]): number => Math.min(...group.map((each) => rank.get(each.name) ?? Number.POSITIVE_INFINITY));
  const isHot = (group: readonly Draft[]): boolean => rankOf(group) !== Number.POSITIVE_INFINITY;
  const ordered = [...groups.filter(isHot).sort((a, b) => rankOf(a) - rankOf(b)), ...groups.filter((group) => !isHot(group))].flat();
  const handlers = ordered.map(({ group: _, ...each }, index): Handler => ({ ...each, number: FIRST_HANDLER + index }));
  const byName = new Map(handlers.map((each) => [each.name, each]));
  const first = new Map<number, Handler>();
  const specialized = new Map<number, { when: Specialization; handler: Handler }[]>();
  for (const { instruction, specializations } of defined) {
    first.set(instruction.id, byName.get(instruction.mnemonic)!);
    if (specializations.length > 0)
      specialized.set(
        instruction.id,
        specializations.map((when) => ({ when, handler: byName.get(`${instruction.mnemonic}#${when.equals}`)! })),
      );
  }
  return { handlers, first, specialized, hotLimit: FIRST_HANDLER + groups.filter(isHot).flat().length };
}
