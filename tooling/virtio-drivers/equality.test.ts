import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlatMemory, type GuestMemory, ReversedMemory } from "../../packages/guest-memory/src/index.ts";
import { console } from "../../packages/virtio/src/device-types/index.ts";
import { F_EVENT_IDX, F_INDIRECT_DESC, F_NOTIFICATION_DATA } from "../../packages/virtio/src/index.ts";
import { BlkPlay, blkFeatures, blkScene } from "./blk-play.ts";
import { ConsolePlay, consoleScene } from "./console-play.ts";
import { ways } from "./rigs.ts";
import { RngPlay, rngScene } from "./rng-play.ts";
import { type Play, type PlayOptions, perform } from "./stage.ts";

const { ZARCH_NIGHTLY } = process.env;
const RUNS = ZARCH_NIGHTLY === "1" ? 500 : 25;
const TIMEOUT = 600_000;

const MEMORY_SIZE = 1 << 20;

const memories: Readonly<Record<string, () => GuestMemory>> = {
  flat: () => new FlatMemory(MEMORY_SIZE),
  reversed: () => new ReversedMemory(new ArrayBuffer(MEMORY_SIZE), MEMORY_SIZE - 1, MEMORY_SIZE),
};

const memory = fc.constantFrom("flat", "reversed");

/** What a driver may do without in its rings. */
const without = fc.subarray([F_INDIRECT_DESC, F_EVENT_IDX, F_NOTIFICATION_DATA]);

/** The lines at which two stories part, as far as they are worth reading. */
function difference(a: readonly string[], b: readonly string[]): string | undefined {
  const line = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find((i) => a[i] !== b[i]);
  if (line === undefined) return undefined;
  const [one = "(end)", other = "(end)"] = [a[line], b[line]];
  const column = [...one].findIndex((letter, i) => letter !== other[i]);
  const excerpt = (text: string): string => `${text.slice(0, 40)} ... ${text.slice(Math.max(0, column - 20), column + 60)}`;
  return `line ${line}:\n${excerpt(one)}\n${excerpt(other)}`;
}

/** Every way must tell the same story as the plainest one. */
async function expectOneStory<Scene>(
  scenes: readonly Scene[],
  play: () => Play<Scene>,
  { memory, ...options }: Omit<PlayOptions, "memory" | "extraFeatures"> & { readonly memory: string },
): Promise<void> {
  let expected: readonly string[] | undefined;
  for (const [name, way] of ways) {
    const settings = { ...options, memory: memories[memory]!(), extraFeatures: [F_NOTIFICATION_DATA] };
    const story = await perform(play(), scenes, way, settings);
    expected ??= story;
    expect(difference(expected, story), name).toBeUndefined();
  }
}

describe("whatever carries a device, driver and host see the same", { timeout: TIMEOUT }, () => {
  it("block device: answers, used lengths, the disk, what is stable, configuration", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(blkScene, { maxLength: 25 }), blkFeatures, without, memory, (scenes, features, without, memory) =>
        expectOneStory(scenes, () => new BlkPlay(), { features, without, memory }),
      ),
      { numRuns: RUNS },
    );
  });

  it("console: what is printed and typed, sizes, emergency writes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(consoleScene, { maxLength: 40 }),
        fc.subarray([console.F_SIZE, console.F_EMERG_WRITE]),
        without,
        memory,
        (scenes, features, without, memory) => expectOneStory(scenes, () => new ConsolePlay(), { features, without, memory }),
      ),
      { numRuns: RUNS },
    );
  });

  it("entropy device: the bytes and how many", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rngScene, { maxLength: 30 }), without, memory, (scenes, without, memory) =>
        expectOneStory(scenes, () => new RngPlay(), { without, memory }),
      ),
      { numRuns: RUNS },
    );
  });
});
