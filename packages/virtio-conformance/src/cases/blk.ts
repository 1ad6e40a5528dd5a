import { advice, type ConformanceCase, rule } from "../case.ts";
import { SECTOR_SIZE } from "../exchanges/blk.ts";
import type { Rig } from "../rig.ts";
import type { Session } from "../session.ts";
import { MODERN_SPLIT } from "../target.ts";
import { demand, needs, same, sameBytes } from "../verdict.ts";
import {
  BLK,
  CONFIG_BLK_SIZE,
  CONFIG_CAPACITY,
  CONFIG_NUM_QUEUES,
  CONFIG_WRITEBACK,
  capacity,
  content,
  F_BLK_SIZE,
  F_CONFIG_WCE,
  F_DISCARD,
  F_FLUSH,
  F_LIFETIME,
  F_MQ,
  F_RO,
  F_WRITE_ZEROES,
  F_ZONED,
  flush,
  IOERR,
  OK,
  pattern,
  perform,
  range,
  read,
  request,
  T_DISCARD,
  T_FLUSH_OUT,
  T_GET_ID,
  T_GET_LIFETIME,
  T_IN,
  T_OUT,
  T_WRITE_ZEROES,
  UNSUPP,
  unchanged,
  write,
} from "./blk-requests.ts";

const MODERN = { ...BLK, driverInterface: "modern" } as const;
const LEGACY = { ...BLK, driverInterface: "legacy" } as const;

async function writable(rig: Rig, ...features: number[]): Promise<Session> {
  const session = await rig.open();
  await session.begin();
  const offered = await session.offered();
  needs(!offered.has(F_RO), "the disk is read-only");
  for (const bit of features) needs(offered.has(bit), `feature ${bit} is not offered`);
  await session.start();
  return session;
}

async function readOnly(rig: Rig): Promise<Session> {
  const session = await rig.open();
  await session.begin();
  needs((await session.offered()).has(F_RO), "the disk can be written");
  await session.start();
  return session;
}

/** What a power failure would leave of sector 3, after `act` wrote the pattern there. */
async function stableAfter(session: Session, act: () => Promise<void>): Promise<void> {
  const { disk } = session.controls;
  needs(disk?.readStable !== undefined, "the target does not show what is stable");
  await act();
  sameBytes(await disk.readStable(3 * SECTOR_SIZE, SECTOR_SIZE), pattern(9), "sector 3 after a power failure");
}

export const blkCases: readonly ConformanceCase[] = [
  rule("BLK-FEAT-FACT-DEV-001 BLK-FEAT-FACT-DEV-002", "only features that a block device knows are offered", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const known = [0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17];
    for (const bit of await session.offered()) demand(bit >= 24 || known.includes(bit), `feature ${bit} is offered`);
  }),

  rule("BLK-CFG-FACT-DEV-001 BLK-CFG-FACT-DEV-002", "the capacity is at offset 0, in sectors of 512 bytes", BLK, async (rig) => {
    const session = await rig.start();
    const sectors = await capacity(session);
    const { disk } = session.controls;
    if (disk) same(sectors, Math.floor(disk.size / SECTOR_SIZE), "capacity");
    await read(session, sectors - 1);
    same((await perform(session, request(session, T_IN, sectors, SECTOR_SIZE))).status, IOERR, "status of a read behind the end");
  }),

  rule("BLK-CFG-FACT-DEV-003", "num_queues is the number of queues with MQ; without there is one", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const several = (await session.offered()).has(F_MQ);
    const queues = several ? await session.configField(CONFIG_NUM_QUEUES, 2) : 1;
    demand(queues >= 1 && (await session.queueMaxSize(queues - 1)) > 0, `there is no queue ${queues - 1}`);
    same(await session.queueMaxSize(queues), 0, `size of queue ${queues}`);
  }),

  rule("BLK-CFG-FACT-DEV-004", "a block size is a hint: single sectors can be read and written", BLK, async (rig) => {
    const session = await writable(rig, F_BLK_SIZE);
    const size = await session.configField(CONFIG_BLK_SIZE, 4);
    demand(size >= SECTOR_SIZE && (size & (size - 1)) === 0, `block size ${size}`);
    await write(session, 5, pattern(5));
    sameBytes(await read(session, 5), pattern(5), "sector 5");
  }),

  advice("BLK-INIT-DEV-001", "FLUSH is offered", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand((await session.offered()).has(F_FLUSH), "FLUSH is not offered");
  }),

  rule("BLK-INIT-DEV-002", "CONFIG_WCE is offered only together with FLUSH", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    const offered = await session.offered();
    demand(!offered.has(F_CONFIG_WCE) || offered.has(F_FLUSH), "CONFIG_WCE is offered without FLUSH");
  }),

  rule("BLK-INIT-DEV-003", "with CONFIG_WCE and without FLUSH the cache begins as write-through", MODERN, async (rig) => {
    const session = await rig.start({ with: [F_CONFIG_WCE], without: [F_FLUSH] });
    same(await session.configField(CONFIG_WRITEBACK, 1), 0, "writeback");
  }),

  rule("BLK-INIT-DEV-004", "padding in the configuration is 0", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    same(await session.configField(33, 1), 0, "unused0");
    for (const offset of [57, 58, 59]) same(await session.configField(offset, 1), 0, "unused1");
  }),

  rule("BLK-INIT-DEV-006", "a legacy device does not offer ZONED", LEGACY, async (rig) => {
    const session = await rig.open();
    await session.begin();
    demand(!(await session.offered()).has(F_ZONED), "ZONED is offered");
  }),

  rule("BLK-REQ-FACT-DEV-001 BLK-REQ-FACT-DEV-003", "what was written is read back, with status 0 behind it", BLK, async (rig) => {
    const session = await writable(rig);
    for (const [i, sectors] of [1, 3, 8].entries()) {
      const data = pattern(17 * i + 1, sectors);
      await write(session, i, data);
      sameBytes(await read(session, i, sectors), data, `${sectors} sectors`);
    }
    const { disk } = session.controls;
    if (disk) sameBytes(Uint8Array.from(await disk.read(2 * SECTOR_SIZE, 8 * SECTOR_SIZE)), pattern(35, 8), "the disk");
  }),

  rule("BLK-REQ-FACT-DEV-002", "request types that do not exist end with UNSUPP", BLK, async (rig) => {
    const session = await rig.start();
    for (const type of [3, 6, 7, 9, 12, 99, 0x7fff_ffff]) {
      same((await perform(session, request(session, type, 0))).status, UNSUPP, `status of a request of type ${type}`);
    }
  }),

  rule("BLK-REQ-FACT-DEV-004", "the device ID string has 20 bytes, padded with NUL", BLK, async (rig) => {
    const session = await rig.start();
    const { status, data, written } = await perform(session, request(session, T_GET_ID, 0, 20));
    same(status, OK, "status of GET_ID");
    same(written, 21, "bytes reported");
    const end = data.indexOf(0);
    demand(end < 0 || data.subarray(end).every((byte) => byte === 0), "bytes behind the first NUL");
  }),

  advice("BLK-REQ-DEV-002", "a new capacity is in the configuration and notified", BLK, async (rig) => {
    const session = await rig.start();
    const { disk } = session.controls;
    needs(disk?.resize !== undefined, "the target cannot resize its disk");
    const before = session.configInterrupts;
    const sectors = await capacity(session);
    await disk.resize((sectors + 100) * SECTOR_SIZE);
    await session.patience.until(() => session.configInterrupts > before, "a configuration change notification");
    same(await capacity(session), sectors + 100, "capacity");
    await read(session, sectors + 99);
  }),

  rule("BLK-REQ-DEV-003 BLK-REQ-DEV-004", "a read-only disk fails writes with IOERR and writes nothing", BLK, async (rig) => {
    const session = await readOnly(rig);
    const before = await content(session);
    const old = await read(session, 3);
    same((await perform(session, request(session, T_OUT, 3, pattern(1)))).status, IOERR, "status of a write");
    await perform(session, request(session, T_WRITE_ZEROES, 0, range(session, 3, 1)));
    await perform(session, request(session, T_DISCARD, 0, range(session, 3, 1)));
    sameBytes(await read(session, 3), old, "sector 3");
    await unchanged(session, before);
  }),

  rule("BLK-REQ-DEV-005", "an unknown flag in a range ends with UNSUPP", BLK, async (rig) => {
    const session = await writable(rig, F_WRITE_ZEROES);
    const before = await content(session);
    for (const flags of [2, 4, 0x8000_0000, 0xffff_fffe]) {
      const { status } = await perform(session, request(session, T_WRITE_ZEROES, 0, range(session, 3, 1, flags)));
      same(status, UNSUPP, `status of write zeroes with flags ${flags}`);
    }
    await unchanged(session, before);
  }),

  rule("BLK-REQ-DEV-005 BLK-REQ-DEV-006", "an unknown flag, or unmap, in a discard ends with UNSUPP", BLK, async (rig) => {
    const session = await writable(rig, F_DISCARD);
    const before = await content(session);
    for (const flags of [1, 2, 3, 0x8000_0000]) {
      const { status } = await perform(session, request(session, T_DISCARD, 0, range(session, 3, 1, flags)));
      same(status, UNSUPP, `status of a discard with flags ${flags}`);
    }
    await unchanged(session, before);
  }),

  rule("BLK-REQ-DEV-009", "after write zeroes the range reads as zeroes, and nothing beside it", BLK, async (rig) => {
    const session = await writable(rig, F_WRITE_ZEROES);
    for (const flags of [0, 1]) {
      await write(session, 2, pattern(3, 4));
      const { status } = await perform(session, request(session, T_WRITE_ZEROES, 0, range(session, 3, 2, flags)));
      same(status, OK, "status of write zeroes");
      const all = pattern(3, 4);
      all.fill(0, SECTOR_SIZE, 3 * SECTOR_SIZE);
      sameBytes(await read(session, 2, 4), all, "sectors 2 to 5");
    }
  }),

  rule("", "a discard leaves what is beside its range alone", BLK, async (rig) => {
    const session = await writable(rig, F_DISCARD);
    await write(session, 2, pattern(3, 4));
    const { status } = await perform(session, request(session, T_DISCARD, 0, range(session, 3, 2)));
    same(status, OK, "status of a discard");
    sameBytes(await read(session, 2), pattern(3, 4).subarray(0, SECTOR_SIZE), "sector 2");
    sameBytes(await read(session, 5), pattern(3, 4).subarray(3 * SECTOR_SIZE), "sector 5");
  }),

  rule("BLK-REQ-DEV-013 BLK-REQ-FACT-DEV-007", "a completed flush makes completed writes stable", BLK, async (rig) => {
    const session = await writable(rig, F_FLUSH);
    await stableAfter(session, async () => {
      await write(session, 3, pattern(9));
      await flush(session);
    });
  }),

  rule("BLK-REQ-DEV-013 BLK-REQ-FACT-DEV-005", "a driver that cannot flush finds its completed writes stable", MODERN, async (rig) => {
    const session = await writable(rig, F_FLUSH);
    await session.restart({ without: [F_FLUSH, F_CONFIG_WCE] });
    await stableAfter(session, () => write(session, 3, pattern(9)));
  }),

  rule("BLK-REQ-DEV-013 BLK-REQ-FACT-DEV-006", "with writeback 0 completed writes are stable", BLK, async (rig) => {
    const session = await writable(rig, F_CONFIG_WCE);
    await session.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(0));
    same(await session.configField(CONFIG_WRITEBACK, 1), 0, "writeback");
    await stableAfter(session, () => write(session, 3, pattern(9)));
  }),

  rule("BLK-REQ-DEV-016 BLK-REQ-DEV-017", "lifetime is offered only with values that mean something", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    needs((await session.offered()).has(F_LIFETIME), "LIFETIME is not offered");
    await session.start();
    const { status, data } = await perform(session, request(session, T_GET_LIFETIME, 0, 6));
    same(status, OK, "status of GET_LIFETIME");
    for (const at of [2, 4]) demand((data[at] ?? 0) <= 0x0b, `lifetime estimate ${data[at]}`);
  }),

  rule("BLK-REQ-DEV-018", "zone requests end with UNSUPP without ZONED", BLK, async (rig) => {
    const session = await rig.open();
    await session.begin();
    await session.start({ without: [F_ZONED] });
    for (const type of [15, 16, 18, 20, 22, 24, 26]) {
      same((await perform(session, request(session, type, 0))).status, UNSUPP, `status of a request of type ${type}`);
    }
  }),

  rule("BLK-LEGACY-DEV-001 CORE-CFG-FACT-DEV-001", "legacy: the capacity is in the guest's byte order", LEGACY, async (rig) => {
    const old = await rig.open();
    await old.begin();
    needs(
      rig.target.variants?.some(({ driverInterface }) => driverInterface === "modern") ?? true,
      "there is no modern interface to compare with",
    );
    const modern = await rig.open(MODERN_SPLIT);
    await modern.begin();
    const expected = await modern.readConfig(CONFIG_CAPACITY, 8);
    if (old.endian === "big") expected.reverse();
    sameBytes(await old.readConfig(CONFIG_CAPACITY, 8), expected, "capacity");
  }),

  rule("CORE-INIT-DEV-001", "legacy: the configuration can be written before the features are read", LEGACY, async (rig) => {
    const session = await rig.open();
    await session.reset();
    await session.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(0));
    const writeback = await session.configField(CONFIG_WRITEBACK, 1);
    needs((await session.offered()).has(F_CONFIG_WCE), "CONFIG_WCE is not offered");
    same(writeback, 0, "writeback");
  }),

  rule("BLK-LEGACY-DEV-002", "legacy: a disk works without FEATURES_OK", LEGACY, async (rig) => {
    const session = await writable(rig);
    await write(session, 1, pattern(4));
    sameBytes(await read(session, 1), pattern(4), "sector 1");
  }),

  rule(
    "BLK-LEGACY-DEV-003 BLK-LEGACY-DEV-004",
    "legacy: neither status nor features change the cache mode with CONFIG_WCE",
    LEGACY,
    async (rig) => {
      for (const mode of [0, 1]) {
        const session = await rig.open();
        await session.reset();
        needs((await session.offered()).has(F_CONFIG_WCE), "CONFIG_WCE is not offered");
        await session.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(mode));
        await session.addStatus(1);
        await session.addStatus(2);
        same(await session.configField(CONFIG_WRITEBACK, 1), mode, "writeback after DRIVER");
        demand(await session.negotiate(await session.choose()), "the features are refused");
        same(await session.configField(CONFIG_WRITEBACK, 1), mode, "writeback after the features");
        await session.setUpQueues();
        await session.addStatus(4);
        same(await session.configField(CONFIG_WRITEBACK, 1), mode, "writeback after DRIVER_OK");
      }
    },
  ),

  rule("BLK-LEGACY-DEV-005", "legacy: requests are in the guest's byte order", LEGACY, async (rig) => {
    const session = await rig.start();
    const { disk } = session.controls;
    const data = await read(session, 2);
    if (disk) sameBytes(data, Uint8Array.from(await disk.read(2 * SECTOR_SIZE, SECTOR_SIZE)), "sector 2");
  }),

  rule("BLK-LEGACY-DEV-006", "legacy: type 5 is a flush as well", LEGACY, async (rig) => {
    const session = await rig.start();
    await flush(session, T_FLUSH_OUT);
  }),
];
