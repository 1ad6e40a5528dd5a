import type { Message } from "./normalise.ts";

/** A difference that is meant. docs/kernel-log.md has the long form. */
export interface Explanation {
  readonly pattern: RegExp;
  readonly why: string;
}

export const explanations: readonly Explanation[] = [
  { pattern: /BogoMIPS preset$/, why: "the CPU capability in SYSIB 1.2.2" },
  { pattern: /^Memory: /, why: "with enhanced DAT, storage is mapped by segments and needs fewer page tables" },
  { pattern: /^HugeTLB: /, why: "enhanced DAT: huge pages" },
  { pattern: /^hugetlbfs: disabling because there are no supported hugepage sizes$/, why: "enhanced DAT: huge pages" },
  { pattern: /^zpci: PCI is not supported because CPU facilities 69 or 71/, why: "a z196 without PCI" },
];

/** Why a message is only in one of two logs; undefined when nobody has explained it. */
export function explain({ text }: Message): string | undefined {
  return explanations.find(({ pattern }) => pattern.test(text))?.why;
}
