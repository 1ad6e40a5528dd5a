import { assemble } from "@zarch/s390x-isa";
import { emptyConfig, FeatureSet, type VirtioDevice } from "@zarch/virtio";
import { expect, it } from "vitest";
import { createMachine, rawProgram, s390Legacy } from "./index.ts";

const MEMORY = 2 ** 20;

/** Fills every buffer with sevens. */
const sevens: VirtioDevice = {
  deviceId: 4,
  features: new FeatureSet(),
  queueMaxSizes: [8],
  config: emptyConfig(),
  activate: (context) => ({
    notify(index) {
      const queue = context.queue(index);
      for (const chain of queue ?? []) {
        chain.writable.fill(7, chain.writable.remaining);
        queue?.push(chain, chain.writable.written);
      }
      queue?.flush();
    },
    reset() {},
  }),
};

/** As Linux's kvm_virtio does it: reset, status 3, the token, one buffer, a notification, and a wait for the interruption. */
const GUEST = `
        larl %r1,handler
        mvc 0x1b0(16,%r0),0(%r1)
        llilh %r3,0x10
        lghi %r1,1
        lgr %r2,%r3
        diag %r2,%r4,0x500
        stg %r2,0x800
        mvi 4(%r3),3
        lghi %r1,2
        lgr %r2,%r3
        diag %r2,%r4,0x500
        stg %r2,0x808
        larl %r1,token
        mvc 5(8,%r3),0(%r1)
        lg %r5,13(%r3)
        larl %r1,descriptor
        mvc 0(16,%r5),0(%r1)
        larl %r1,available
        mvc 128(6,%r5),0(%r1)
        lghi %r1,0
        lgr %r2,%r5
        diag %r2,%r4,0x500
        stg %r2,0x810
        lghi %r1,0
        lghi %r2,-1
        diag %r2,%r4,0x500
        stg %r2,0x818
        larl %r1,cr0
        lctlg %c0,%c0,0(%r1)
        larl %r1,wait
        lpswe 0(%r1)
        .balign 8
handler: .quad 0x0002000180000000,0xcafe
wait:    .quad 0x0102000180000000,0
cr0:     .quad 0x200
token:   .quad 0x123456789abcdef0
descriptor: .quad 0x2000,0x0000000400020000
available: .quad 0x0000000100000000
`;

it("S000-017..020, S000-022, S000-024..026, S001-039, S001-040, S001-042, S001-046, LEGACY-S390-HCALL-DEV-001, LEGACY-S390-HCALL-DEV-003: a program calls by diagnose 0x500 and is interrupted", async () => {
  const { bytes } = assemble(GUEST, { origin: 0x1_0000 });
  await using vm = await createMachine({ memory: MEMORY, ipl: rawProgram({ bytes }), devices: [s390Legacy(sevens)] });
  expect(await vm.run()).toMatchObject({ reason: "disabled-wait", code: "000000000000cafe" });
  const { memory } = vm;
  // Register 2 after RESET, SET_STATUS, NOTIFY, and NOTIFY of a ring that there is none: -22.
  const results = [0x800, 0x808, 0x810, 0x818].flatMap((address) => [
    memory.loadUint32(address, "big"),
    memory.loadUint32(address + 4, "big"),
  ]);
  expect(results).toEqual([0, 0, 0, 0, 0, 0, 0xffff_ffff, 0xffff_ffea]);
  expect(memory.loadUint32(0x2000, "big")).toBe(0x0707_0707);
  // Flag 0 for a queue at 0x83, subcode 0x0d in 0x84, interruption code at 0x86, token at 0x11b8.
  expect([memory.loadUint8(0x83), memory.loadUint8(0x84), memory.loadUint16(0x86, "big")]).toEqual([0, 0x0d, 0x2603]);
  expect([memory.loadUint32(0x11b8, "big"), memory.loadUint32(0x11bc, "big")]).toEqual([0x1234_5678, 0x9abc_def0]);
});
