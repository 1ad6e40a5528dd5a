import { ccw, createMachine, type Machine, type MachineDevice, pci, rawProgram } from "../../packages/machine/src/index.ts";
import { assemble } from "../../packages/s390x-isa/src/index.ts";
import type { VirtioCcwDevice } from "../../packages/transport-ccw/src/index.ts";
import { emptyConfig, FeatureSet, type VirtioDevice, type VirtioFrontend } from "../../packages/virtio/src/index.ts";
import { median } from "./statistics.ts";

const MEMORY = 4 << 20;
const ITERATIONS = 200_000;
const REPETITIONS = 5;
/** Interruption subclass of adapter interruptions, as Linux has it for virtio. */
const SUBCLASS = 2;

/** A device that does nothing but call back when its queue is notified. */
function silentDevice(notified: () => void): VirtioDevice {
  return {
    deviceId: 4,
    features: new FeatureSet(),
    queueMaxSizes: [8],
    config: emptyConfig(),
    activate: () => ({ notify: notified, reset() {} }),
  };
}

/** Takes a device to DRIVER_OK with queue 0, as a guest would. */
function bringUp(frontend: VirtioFrontend): void {
  frontend.useInterface("modern");
  frontend.writeStatus(3);
  frontend.setDriverFeatures(1, 1);
  frontend.writeStatus(0x0b);
  frontend.setUpQueue(0, { size: 8, areas: { descriptor: 0x8_0000, driver: 0x8_1000, device: 0x8_2000 } });
  frontend.writeStatus(0x0f);
}

/** A loop around `body`, with I/O interruptions enabled and a handler that returns at once. GR 5 counts. */
function loop(body: string, registers: Readonly<Record<number, bigint>>): ReturnType<typeof rawProgram> {
  const loads = Object.keys(registers).map((register) => `lgrl %r${register},value${register}`);
  const values = Object.entries(registers).map(([register, value]) => `value${register}: .quad 0x${value.toString(16)}`);
  const { bytes, origin } = assemble(
    `
        larl  %r1,io
        mvc   0x1f0(16),0(%r1)
        larl  %r1,mask
        lctlg %c6,%c6,0(%r1)
        ${loads.join("\n        ")}
        larl  %r1,enabled
        lpswe 0(%r1)
go:     lgfi  %r5,${ITERATIONS}
again:  ${body}
        brctg %r5,again
        larl  %r1,stop
        lpswe 0(%r1)
handler: lpswe 0x170
        .balign 8
io:     .quad 0x0000000180000000,handler
enabled: .quad 0x0200000180000000,go
stop:   .quad 0x0002000180000000,0
mask:   .quad 0x00000000ff000000
${values.join("\n")}
`,
    { origin: 0x1_0000 },
  );
  return rawProgram({ bytes, address: origin });
}

/** Nanoseconds of one iteration. */
async function time(make: () => Promise<Machine>): Promise<number> {
  const times: number[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    await using vm = await make();
    const start = performance.now();
    const exit = await vm.run();
    if (exit.reason !== "disabled-wait") throw new Error(`the loop ended by ${exit.reason}`);
    times.push(((performance.now() - start) * 1e6) / ITERATIONS);
  }
  return median(times);
}

/** The empty loop. */
function baseline(): Promise<Machine> {
  return createMachine({ memory: MEMORY, ipl: loop("lgr %r7,%r7", {}) });
}

async function ccwMachine(interrupting: boolean): Promise<Machine> {
  let vm: Machine | undefined;
  let transport: VirtioCcwDevice | undefined;
  const inner = ccw(
    silentDevice(() => {
      if (interrupting) vm?.channelSubsystem.adapterInterruptions.raise(SUBCLASS);
    }),
    { devno: 1 },
  );
  const device: MachineDevice = {
    attach(host) {
      const attached = inner.attach(host);
      transport = attached.transport;
      return attached;
    },
  };
  // The first subchannel of set 0.
  const body = "lghi %r1,3\n lgr %r2,%r6\n lghi %r3,0\n lghi %r4,0\n diag %r2,%r4,0x500";
  vm = await createMachine({ memory: MEMORY, ipl: loop(body, { 6: 0x1_0000n }), devices: [device] });
  if (transport) bringUp(transport.frontend);
  return vm;
}

async function pciMachine(): Promise<Machine> {
  const handle = 0x8002_0001n;
  // Register 4, two bytes, where queue 0 is notified.
  const registers = { 2: (handle << 32n) | 0x4_0002n, 3: 0x3000n, 7: 0n };
  const vm = await createMachine({ memory: MEMORY, ipl: loop("pcistg %r7,%r2", registers), devices: [pci(silentDevice(() => {}))] });
  const zpci = vm.zpci?.functions[0];
  if (!zpci) throw new Error("no function");
  zpci.enable();
  const { pciFunction } = zpci;
  pciFunction.writeConfig(4, 2, 6);
  const common = (offset: number, width: 1 | 2 | 4, value: number): void => pciFunction.writeBar(4, offset, width, value);
  common(20, 1, 3);
  common(8, 4, 1);
  common(12, 4, 1);
  common(20, 1, 0x0b);
  for (const [i, address] of [0x8_0000, 0x8_1000, 0x8_2000].entries()) common(32 + 8 * i, 4, address);
  common(28, 2, 1);
  common(20, 1, 0x0f);
  return vm;
}

/** What a notification costs from the guest's instruction to the device's code and back, and what an interruption costs on top. */
export async function ioCosts(): Promise<string[]> {
  const empty = await time(baseline);
  const notification = await time(() => ccwMachine(false));
  const interruption = await time(() => ccwMachine(true));
  const overPci = await time(pciMachine);
  return [
    `notification by DIAGNOSE 0x500 to a ccw device: ${(notification - empty).toFixed(0)} ns`,
    `notification by PCI STORE: ${(overPci - empty).toFixed(0)} ns`,
    `adapter interruption, to the guest's handler and back: ${(interruption - notification).toFixed(0)} ns`,
  ];
}
