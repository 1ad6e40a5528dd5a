import { attack } from "../attack.ts";
import { type ConformanceCase, hostile, rule } from "../case.ts";
import type { Message } from "../exchange.ts";
import { demand, same } from "../verdict.ts";

const RNG = { deviceId: 4 } as const;

function fillOf(length: number): Message {
  return {
    out: [],
    into: [length],
    wrong: (written) => (written >= 1 && written <= length ? undefined : `${written} bytes reported of ${length}`),
  };
}

export const rngCases: readonly ConformanceCase[] = [
  rule("RNG-FACT-DEV-001", "an entropy device has one queue and no features of its own", RNG, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand((await session.queueMaxSize(0)) > 0, "there is no queue 0");
    same(await session.queueMaxSize(1), 0, "size of queue 1");
    for (const bit of await session.offered()) demand(bit >= 24 && bit < 50, `feature ${bit} is offered`);
  }),

  rule("RNG-DEV-001", "every buffer gets at least one random byte", RNG, async (rig) => {
    const session = await rig.start();
    for (const length of [1, 2, 7, 64, 1000, 5000]) {
      const sent = session.prepare(fillOf(length));
      session.kick();
      session.finish(sent, await session.used());
    }
  }),

  rule("", "the bytes of two buffers differ", RNG, async (rig) => {
    const session = await rig.start();
    const answers: string[] = [];
    for (let i = 0; i < 3; i++) {
      const sent = session.prepare(fillOf(32));
      session.kick();
      const used = await session.used();
      session.finish(sent, used);
      answers.push(String(session.answer(sent).subarray(0, used.written)));
    }
    demand(new Set(answers).size > 1, "all buffers are the same");
  }),

  hostile("", "rng: a buffer with a device-readable part", RNG, async (rig) => {
    const session = await rig.start();
    const sent = session.prepare({ ...fillOf(32), out: [new Uint8Array(16)] });
    return attack(session, "any", sent);
  }),

  hostile("", "rng: a buffer with nothing to write", RNG, async (rig) => {
    const session = await rig.start();
    session.ring().add([session.readable(new Uint8Array(16))]);
    return attack(session, "any");
  }),

  hostile("", "rng: a hundred thousand bytes in one buffer", RNG, async (rig) => {
    const session = await rig.start();
    return attack(session, "any", session.prepare(fillOf(100_000)));
  }),
];
