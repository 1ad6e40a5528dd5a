/**
 * Records `packages/vring/test/images/`: virtqueues of block devices in the middle of I/O, driven by Linux.
 *
 *   node --conditions=@zarch/source tooling/guest-images/rings/record.ts zarch|qemu...
 */
import { readFile, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { ForeignRing } from "../../../packages/vring/test/foreign-ring.ts";
import {
  encodeRecording,
  type RingImage,
  type RingMoment,
  type RingRecording,
  recordingUrl,
} from "../../../packages/vring/test/ring-image.ts";
import { loadTestGuest } from "../test-guest.ts";
import { captureMoment, spansOf } from "./capture.ts";
import { askWords, DISKS, featureBits, imageName, imageRequests, MEMORY_SIZE, ROUNDS, type Round } from "./load.ts";
import { QemuHost } from "./qemu-host.ts";
import type { QueueStatus, RecordingHost } from "./recording-host.ts";
import { ZarchHost } from "./zarch-host.ts";

const F_INDIRECT_DESC = 28;
const F_EVENT_IDX = 29;
const F_VERSION_1 = 32;
const F_RING_PACKED = 34;

/** What the guest calls a disk, and what it negotiated for it. */
interface GuestDisk {
  readonly block: string;
  readonly features: readonly number[];
}

function foreignRing(features: readonly number[], { size, areas }: QueueStatus): ForeignRing {
  return {
    packed: features.includes(F_RING_PACKED),
    size,
    areas,
    littleEndian: features.includes(F_VERSION_1),
    indirect: features.includes(F_INDIRECT_DESC),
    eventIndex: features.includes(F_EVENT_IDX),
  };
}

/** Leads the host to a moment when all requests of a round are under way, and records it and what follows. */
async function recordRound(host: RecordingHost, guest: readonly GuestDisk[], round: Round): Promise<RingImage[]> {
  const disks = round.disks.map((disk) => ({ disk, index: DISKS.indexOf(disk), ...guest[DISKS.indexOf(disk)]! }));
  const warm: string[] = [];
  for (const { disk, index, block } of disks) {
    const count = round.warmUp(disk, (await host.status(index)).nextUsed);
    if (count > 0) warm.push(`${block}:${count}`);
  }
  const say = (line: string, answer: string) => {
    host.type(`sh /opt/zarch/ring-load.sh ${line}`);
    return host.says(`\n== ${answer}`);
  };
  if (warm.length > 0) await say(`warm ${warm.join(" ")}`, "warm");
  await host.hold();
  // What a host cannot hold: the first request of each disk.
  if (host.letsFirstPass) await say(`warm ${disks.map(({ block }) => `${block}:1`).join(" ")}`, "warm");
  await say(`ask ${disks.flatMap(({ disk, block }) => askWords(disk, block)).join(" ")}`, "asked");

  const images = await Promise.all(
    disks.map(async ({ disk, index, features }) => {
      const status = await host.status(index);
      const ring = foreignRing(features, status);
      const { spans, requests: found } = spansOf(host, ring, status.nextUsed);
      const requests = imageRequests(disk);
      if (found !== requests.length) throw new Error(`${imageName(disk, round)}: ${found} requests of ${requests.length} are in the ring`);
      const moments: RingMoment[] = [];
      const capture = async () => {
        moments.push(captureMoment(host, spans, await host.status(index)));
      };
      const { size, areas } = status;
      return { image: { name: imageName(disk, round), features, size, areas, requests, moments }, capture };
    }),
  );
  const captureAll = async () => {
    for (const { capture } of images) await capture();
  };
  await captureAll();
  // The guest may still run: only a state that lasts is one.
  await captureAll();
  for (const { image } of images) {
    const [first, second] = image.moments;
    if (!isDeepStrictEqual(first, second)) throw new Error(`${image.name}: the ring moves`);
    image.moments.pop();
  }
  await host.complete(captureAll);
  await host.resume();
  await host.says("\n== answered");
  return images.map(({ image }) => image);
}

async function record(boot: (typeof hosts)[string]): Promise<RingRecording> {
  const script = await readFile(new URL("../scripts/ring-load.sh", import.meta.url));
  const testGuest = await loadTestGuest({ files: [{ path: "opt/zarch/ring-load.sh", content: script, mode: 0o755 }] });
  await using host = await boot(testGuest);
  await host.says("zarch:~# ");
  host.type("sh /opt/zarch/ring-load.sh features");
  const text = await host.says("\n== kernel");
  const guest = [...text.matchAll(/\n== disk \S+ (\S+) ([01]+)/g)].map(([, block, bits]) => ({
    block: block!,
    features: featureBits(bits!),
  }));
  if (guest.length !== DISKS.length) throw new Error(`the guest has ${guest.length} disks`);
  const rings: RingImage[] = [];
  for (const round of ROUNDS) {
    rings.push(...(await recordRound(host, guest, round)));
    console.error(`${host.name}: ${round.name}`);
  }
  return { driver: `Linux ${testGuest.release}`, device: host.name, memory: MEMORY_SIZE, rings };
}

const hosts: Readonly<Record<string, (guest: Awaited<ReturnType<typeof loadTestGuest>>) => Promise<RecordingHost>>> = {
  zarch: ZarchHost.boot,
  qemu: QemuHost.boot,
};

for (const name of process.argv.slice(2)) {
  const boot = hosts[name];
  if (boot === undefined) throw new Error(`"${name}" is none of ${Object.keys(hosts).join(", ")}`);
  const text = encodeRecording(await record(boot));
  await writeFile(recordingUrl(name), text);
  console.log(`${recordingUrl(name).pathname}: ${text.length} bytes`);
}
