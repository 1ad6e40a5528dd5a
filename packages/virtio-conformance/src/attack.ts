import type { Survival } from "./case.ts";
import type { Part } from "./rings/raw-ring.ts";
import type { Sent, Session } from "./session.ts";
import { demand, Violation } from "./verdict.ts";

/**
 * What a device has to make of something odd: `"served"`, because it is legal; `"refused"`, because it cannot mean anything; `"any"` where both
 * are right, as long as the device survives.
 */
export type Expectation = "served" | "refused" | "any";

/** Shows what lies in the ring to the device, and finds out what came of it. */
export async function attack(session: Session, expected: Expectation, sent?: Sent): Promise<Survival> {
  session.kick();
  return outcome(session, expected, sent);
}

/** What came of an attack that was carried out. */
export async function outcome(session: Session, expected: Expectation, sent?: Sent): Promise<Survival> {
  await session.quiet();
  const survival = (await isServed(session, sent)) ? "PASS" : "REJECT";
  demand(expected !== "served" || survival === "PASS", "the device refuses what is legal");
  demand(expected !== "refused" || survival === "REJECT", "the device serves what cannot mean anything");
  return survival;
}

async function isServed(session: Session, sent: Sent | undefined): Promise<boolean> {
  if (await session.needsReset()) return false;
  if (!sent) return true;
  const used = sent.ring.take();
  if (!used) return false;
  const room = sent.parts.reduce((sum, { length, write }) => sum + (write ? length : 0), 0);
  if (used.written > room) throw new Violation(`${used.written} bytes reported in a buffer with room for ${room}`);
  // Without an answer there is no telling a served request from one that was returned as it came.
  return room > 0 && used.written > 0 && sent.message.wrong(used.written, session.answer(sent)) === undefined;
}

/** An address that no machine has memory at. Its lower half is the address of something that the device must not touch. */
export function far({ arena }: Session): bigint {
  return 2n ** 62n + BigInt(arena.end - 4096);
}

/** The parts of the device's request, placed. */
export function placed(session: Session, number = 1): { parts: Sent["parts"]; as: (id: number) => Sent } {
  const message = session.message(number);
  const parts = session.place(message);
  return { parts, as: (id) => ({ ring: session.ring(), id, message, parts }) };
}

/** The same part at another address or of another length. */
export function moved(part: Part, change: Partial<Part>): Part {
  return { ...part, ...change };
}
