import { ChannelSubsystem, type StorageKeyCheck } from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import { type ConsoleHost, LineModeConsole, ServiceCallProcessor, SignalQuiesce, Vt220Console } from "@zarch/sclp";
import { CcwNotifications } from "@zarch/transport-ccw";
import { DescriptorPage, S390LegacyHypercall } from "@zarch/transport-s390-legacy";
import { BugError, type Clock, HostError, silentLogger } from "@zarch/vmm-interface";
import { ZpciBus } from "@zarch/zpci";
import type { CompiledCode, CpuLike } from "./cpu-like.ts";
import { type DeviceAddress, formatDeviceAddress } from "./device-address.ts";
import { Watchdog } from "./diagnose/diag-288.ts";
import { diagnose308 } from "./diagnose/diag-308.ts";
import { ccwNotification, diagnose500, type Hypercall, HypercallNumber, pageHypercall } from "./diagnose/diag-500.ts";
import { Events } from "./events.ts";
import type { AttachedDevice, DeviceBus, DeviceHost, MachineDevice } from "./machine-device.ts";
import type { MachineEvents, MachineExit, ResetKind } from "./machine-events.ts";
import type { CpuFactory, CpuPorts, MachineConsoleOptions, MachineOptions } from "./machine-options.ts";
import { loadedFromStorage } from "./psw.ts";
import { type FinalExit, RunLoop } from "./run-loop.ts";
import { PCI_SCLP_FACILITY, pciSclpCommands } from "./sclp-pci.ts";
import { systemClock, systemEntropy } from "./system.ts";
import { hostYielder } from "./yield-to-host.ts";

/**
 * What a machine is doing: `loaded` has not run yet since it was loaded, `ended` has had its {@link MachineExit}, `closed` is
 * beyond use.
 */
export type MachineState = "loaded" | "running" | "paused" | "ended" | "closed";

/** Storage above that of the guest for a descriptor page and its rings, in bytes. */
const pageSpace = 0x40_0000;

const defaultIdleTimerSlack = 20_000_000;

/** Where Linux, like other control programs, says "quiesced" by the address of a disabled wait. */
const quiescedCode = 0xfff;

/** What a machine makes when its memory is there. */
interface Parts {
  readonly memory: GuestMemory;
  readonly sclp: ServiceCallProcessor;
  readonly channelSubsystem: ChannelSubsystem;
  readonly zpci: ZpciBus | undefined;
  readonly descriptorPage: DescriptorPage | undefined;
}

/** An s390x machine. Made by {@link createMachine}. */
export class Machine implements AsyncDisposable {
  readonly memory: GuestMemory;
  readonly channelSubsystem: ChannelSubsystem;
  /** PCI functions, in a machine that has PCI. */
  readonly zpci: ZpciBus | undefined;
  /** The s390 descriptor page, in a machine that has one. */
  readonly descriptorPage: DescriptorPage | undefined;
  /** The consoles of the SCLP, where the machine has them: for input. */
  readonly vt220Console: Vt220Console | undefined;
  readonly lineModeConsole: LineModeConsole | undefined;
  readonly #options: MachineOptions;
  readonly #clock: Clock;
  readonly #yieldToHost: () => Promise<void>;
  readonly #cpu: CpuLike;
  readonly #sclp: ServiceCallProcessor;
  readonly #quiesce = new SignalQuiesce();
  readonly #watchdog: Watchdog;
  readonly #loop: RunLoop;
  readonly #events = new Events<MachineEvents>();
  readonly #devices = new Map<string, AttachedDevice>();
  #state: MachineState = "loaded";
  #pendingReset: ResetKind | undefined;
  #exitAtReset: ResetKind | undefined;
  #controlProgramName = { high: 0, low: 0 };
  #run: Promise<MachineExit> | undefined;
  #settleRun: { resolve(exit: MachineExit): void; reject(error: unknown): void } | undefined;

  /** @internal Use {@link createMachine}. */
  constructor(options: MachineOptions, cpu: CpuFactory) {
    const { clock = systemClock, entropy = systemEntropy } = options;
    this.#clock = clock;
    this.#options = options;
    this.#yieldToHost = options.yieldToHost ?? hostYielder();
    this.vt220Console = options.vt220Console && new Vt220Console(this.#consoleHost(options.vt220Console));
    this.lineModeConsole =
      options.lineModeConsole && new LineModeConsole({ ...options.lineModeConsole, ...this.#consoleHost(options.lineModeConsole) });
    this.#watchdog = new Watchdog(clock, () => this.#requestReset("watchdog"));
    const made: { -readonly [K in keyof Parts]?: Parts[K] } = {};
    const wants = (bus: DeviceBus): boolean => options.devices?.some((device) => device.bus === bus) ?? false;
    const hasPci = options.pci ?? wants("pci");
    const hasPage = options.descriptorPage !== undefined || wants("page");
    this.#cpu = cpu({
      memorySize: options.memory + (hasPage ? pageSpace : 0),
      clock,
      entropy,
      engine: options.engine ?? "jit",
      ...(options.regionCompiler && { regionCompiler: options.regionCompiler }),
      ...(options.observer && { observer: options.observer }),
      ports: (memory, storageKeys): CpuPorts => {
        const channelSubsystem = this.#createChannelSubsystem(memory, storageKeys);
        const zpci = hasPci ? createZpci(memory, channelSubsystem) : undefined;
        const descriptorPage = hasPage ? this.#createDescriptorPage(memory) : undefined;
        const sclp = this.#createSclp(memory, zpci);
        Object.assign(made, { memory, channelSubsystem, sclp, zpci, descriptorPage });
        return {
          serviceCall: sclp,
          channelSubsystem,
          diagnose: this.#diagnose(memory, channelSubsystem, descriptorPage),
          ...(zpci && { pci: zpci }),
          ...(descriptorPage && { externalInterruptions: descriptorPage }),
        };
      },
    });
    if (made.sclp === undefined || made.channelSubsystem === undefined || made.memory === undefined)
      throw new BugError("the CPU did not ask for its ports");
    this.memory = made.memory;
    this.#sclp = made.sclp;
    this.channelSubsystem = made.channelSubsystem;
    this.zpci = made.zpci;
    this.descriptorPage = made.descriptorPage;
    this.#loop = new RunLoop({
      cpu: this.#cpu,
      clock,
      yieldToHost: this.#yieldToHost,
      idleTimerSlack: options.idleTimerSlack ?? defaultIdleTimerSlack,
      betweenRuns: () => this.#betweenRuns(),
      ...(options.observer && { observer: options.observer }),
    });
    for (const device of options.devices ?? []) this.#attach(device);
    this.#cpu.loadPsw(options.ipl.load(this.memory));
  }

  get state(): MachineState {
    return this.#state;
  }

  /** What the CPU has compiled of the guest's code so far; undefined for a CPU that does not compile. */
  get compiledCode(): CompiledCode | undefined {
    return this.#cpu.compiledCode;
  }

  /**
   * What the control program said of itself by DIAGNOSE 0x318, 64 bits in two halves: bits 0 to 7 are its name code (Linux
   * gives 4), the rest is its own. Zero until it says anything.
   */
  get controlProgramName(): { readonly high: number; readonly low: number } {
    return this.#controlProgramName;
  }

  /**
   * Since when the guest has had nothing to do, as a time of the machine's clock in ns; undefined while it works. A guest that
   * wakes for less than about two milliseconds at a time stays idle in this sense.
   */
  get idleSince(): number | undefined {
    return this.#state === "running" ? this.#loop.idleSince : undefined;
  }

  /** Addresses of the devices in the machine. */
  get devices(): readonly DeviceAddress[] {
    return [...this.#devices.values()].map(({ address }) => address);
  }

  /** Calls `listener` at each event of that name. Returns a function that takes the listener off again. */
  on<K extends keyof MachineEvents>(name: K, listener: (event: MachineEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Lets the guest run, at first or after {@link pause}.
   * @returns how the guest's life ended; also when the machine is paused and resumed in between
   * @throws {HostError} ERR_MACHINE_STATE when the machine has ended or is closed
   */
  run(): Promise<MachineExit> {
    if (this.#state === "ended" || this.#state === "closed")
      throw new HostError("ERR_MACHINE_STATE", `the machine cannot run: it is ${this.#state}`);
    this.#run ??= new Promise<MachineExit>((resolve, reject) => {
      this.#settleRun = { resolve, reject };
    });
    if (this.#state !== "running") {
      this.#state = "running";
      this.#events.emit("running", undefined);
      this.#loop.run().then(
        (exit) => this.#runEnded(exit),
        (error) => this.#settleRun?.reject(error),
      );
    }
    return this.#run;
  }

  /** Holds the guest between two instructions. Settles when it is held. Its clocks go on. */
  async pause(): Promise<void> {
    if (this.#state !== "running") return;
    await this.#loop.halt();
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#events.emit("paused", undefined);
  }

  /** Resets the machine and loads it again, as a reboot of the hard sort. A machine that has ended can run again after it. */
  async reset(): Promise<void> {
    if (this.#state === "closed") throw new HostError("ERR_MACHINE_STATE", "the machine is closed");
    if (this.#state === "running") {
      this.#requestReset("host");
      return;
    }
    this.#reset("host");
    if (this.#state === "ended") {
      this.#state = "loaded";
      this.#run = undefined;
    }
  }

  /**
   * Asks the guest to shut down in good order (SCLP signal quiesce).
   * @returns whether the guest receives such signals at present; if not, it will get this one as soon as it does
   */
  quiesce(): boolean {
    this.#quiesce.request();
    return this.#sclp.events.receives(0x1d);
  }

  /**
   * Adds a device; a running guest is told.
   * @throws {HostError} ERR_DEVICE_ADDRESS when the address is taken
   */
  attach<A extends DeviceAddress>(device: MachineDevice<A>): A {
    if (this.#state === "closed") throw new HostError("ERR_MACHINE_STATE", "the machine is closed");
    const { address } = this.#attach(device);
    this.#events.emit("deviceAttached", { address });
    return address;
  }

  /**
   * Takes a device out; a running guest is told. Settles when no I/O of the device is in flight any more, so that its
   * backend can be closed.
   * @throws {HostError} ERR_DEVICE_ADDRESS when there is no such device, ERR_DEVICE_STAYS when it cannot be taken out
   */
  async detach(address: DeviceAddress): Promise<void> {
    const device = this.#device(address);
    await device.detach();
    this.#detached(device);
  }

  /**
   * Asks the guest to give a device up, and takes it out when it has: its file systems can be unmounted first. A guest that does not run is
   * not asked. Settles as {@link detach} does, at a time that the guest chooses; {@link detach} takes the device out in the meantime, too.
   * @throws {HostError} ERR_DEVICE_ADDRESS when there is no such device, ERR_DEVICE_REQUEST when its bus has no such request: only PCI has
   */
  async requestDetach(address: DeviceAddress): Promise<void> {
    const device = this.#device(address);
    const key = formatDeviceAddress(address);
    if (device.requestDetach === undefined) throw new HostError("ERR_DEVICE_REQUEST", `a guest cannot be asked to give ${key} up`);
    await (this.#state === "running" || this.#state === "paused" ? device.requestDetach() : device.detach());
    this.#detached(device);
  }

  #device(address: DeviceAddress): AttachedDevice {
    const key = formatDeviceAddress(address);
    const device = this.#devices.get(key);
    if (device === undefined) throw new HostError("ERR_DEVICE_ADDRESS", `there is no device ${key}`);
    return device;
  }

  /** A device is out. Its address may have been given to another one since. */
  #detached(device: AttachedDevice): void {
    const key = formatDeviceAddress(device.address);
    if (this.#devices.get(key) !== device) return;
    this.#devices.delete(key);
    this.#events.emit("deviceDetached", { address: device.address });
  }

  /** Ends the machine at once. Settles when no I/O is in flight any more. What its options named is the caller's to close. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const ended = this.#state === "ended";
    this.#state = "closed";
    await this.#loop.halt();
    this.#watchdog.cancel();
    await Promise.all([...this.#devices.values()].map((device) => (device.close ? device.close() : device.detach())));
    this.#devices.clear();
    this.#cpu.dispose?.();
    if (!ended) this.#announce({ reason: "closed" });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #createDescriptorPage(memory: GuestMemory): DescriptorPage {
    const { memory: address, logger, descriptorPage } = this.#options;
    return new DescriptorPage({
      memory,
      address,
      attention: { raise: () => this.#loop.attention() },
      ...(descriptorPage?.earlyConsole && { earlyConsole: descriptorPage.earlyConsole }),
      ...(logger && { logger }),
    });
  }

  #createSclp(memory: GuestMemory, zpci: ZpciBus | undefined): ServiceCallProcessor {
    const { sclp = {}, cpus = 1 } = this.#options;
    const facilities = sclp.configuration?.facilities ?? { high: 0, low: 0 };
    const consoles = [this.lineModeConsole, this.vt220Console].filter((console) => console !== undefined);
    return new ServiceCallProcessor({
      memory,
      configuration: {
        facilities134: 0x80,
        ...sclp.configuration,
        facilities: zpci ? { high: facilities.high, low: (facilities.low | PCI_SCLP_FACILITY) >>> 0 } : facilities,
        memorySize: this.#options.memory,
        cpus: Array.from({ length: cpus }, (_, address) => address),
      },
      attention: { raise: () => this.#loop.attention() },
      events: [...consoles, this.#quiesce, ...(sclp.events ?? [])],
      commands: new Map([...(zpci ? pciSclpCommands(zpci) : []), ...(sclp.commands ?? [])]),
    });
  }

  #createChannelSubsystem(memory: GuestMemory, storageKeys: StorageKeyCheck | undefined): ChannelSubsystem {
    return new ChannelSubsystem({
      memory,
      attention: { raise: () => this.#loop.attention() },
      ...(storageKeys && { storageKeys }),
      defer: (work) => void this.#yieldToHost().then(work),
      logger: this.#options.logger ?? silentLogger,
    });
  }

  #diagnose(memory: GuestMemory, channelSubsystem: ChannelSubsystem, page: DescriptorPage | undefined): CpuPorts["diagnose"] {
    const notifications = new CcwNotifications(channelSubsystem);
    const hypercalls = new Map<number, Hypercall>([
      ...(page ? Object.values(S390LegacyHypercall).map((number) => [number, pageHypercall(page, number)] as const) : []),
      [HypercallNumber.ccwNotify, ccwNotification((subchannel, data, cookie) => notifications.notify(subchannel, data, cookie))],
      ...(this.#options.hypercalls ?? []),
    ]);
    return new Map([
      // Time slice end, and directed yield: with one CPU there is nobody to yield to.
      [0x44, () => 0],
      [0x9c, () => 0],
      [0x308, diagnose308({ memory, requestReset: (kind) => this.#requestReset(kind) })],
      [
        0x318,
        (registers, r1) => {
          this.#controlProgramName = { high: registers.high(r1), low: registers.low(r1) };
          return 0;
        },
      ],
      [0x500, diagnose500(hypercalls)],
      ...(this.#options.watchdog === true ? ([[0x288, this.#watchdog.handler]] as const) : []),
      ...(this.#options.diagnose ?? []),
    ]);
  }

  #consoleHost({ output, inputReady }: MachineConsoleOptions): ConsoleHost {
    return {
      output: (bytes) => {
        const work = output(bytes);
        if (work !== undefined) this.#loop.hold(work);
      },
      ...(inputReady && { inputReady }),
    };
  }

  #attach<A extends DeviceAddress>(device: MachineDevice<A>): AttachedDevice<A> {
    const attached = device.attach(this.#deviceHost);
    this.#devices.set(formatDeviceAddress(attached.address), attached);
    return attached;
  }

  get #deviceHost(): DeviceHost {
    const { zpci, descriptorPage } = this;
    const missing = (what: string): never => {
      throw new HostError("ERR_MACHINE_BUS", `this machine was made without ${what}`);
    };
    return {
      memory: this.memory,
      channelSubsystem: this.channelSubsystem,
      get zpci() {
        return zpci ?? missing("PCI");
      },
      get descriptorPage() {
        return descriptorPage ?? missing("a descriptor page");
      },
      running: this.#state === "running" || this.#state === "paused",
      clock: this.#clock,
      logger: this.#options.logger ?? silentLogger,
      hold: (work) => this.#loop.hold(work),
    };
  }

  #requestReset(kind: ResetKind): void {
    this.#pendingReset = kind;
    this.#cpu.stop();
    this.#loop.attention();
  }

  #betweenRuns(): boolean {
    const kind = this.#pendingReset;
    if (kind === undefined) return false;
    this.#pendingReset = undefined;
    if (this.#options.onGuestReset === "exit" && kind === "load-clear") {
      // The CPU is stopped, which ends the run.
      this.#exitAtReset = kind;
      return false;
    }
    this.#reset(kind);
    return true;
  }

  #reset(kind: ResetKind): void {
    this.#pendingReset = undefined;
    this.#exitAtReset = undefined;
    this.#watchdog.cancel();
    this.#controlProgramName = { high: 0, low: 0 };
    this.#cpu.reset(kind === "modified-clear" ? "cpu" : kind === "load-normal" ? "initial-cpu" : "clear");
    this.channelSubsystem.reset();
    this.zpci?.reset();
    this.descriptorPage?.reset();
    this.#sclp.reset();
    const inPlace = kind === "modified-clear" || kind === "load-normal";
    this.#cpu.loadPsw(inPlace ? loadedFromStorage(this.memory) : this.#options.ipl.load(this.memory));
    this.#events.emit("reset", { kind });
  }

  #describe(exit: FinalExit): MachineExit {
    if (exit === "stopped") return { reason: "power-off" };
    const psw = this.#cpu.psw();
    if (exit === "check-stop") return { reason: "check-stop", psw };
    if (psw.addressHigh === 0 && psw.addressLow === quiescedCode) return { reason: "power-off" };
    const code = psw.addressHigh.toString(16).padStart(8, "0") + psw.addressLow.toString(16).padStart(8, "0");
    return { reason: "disabled-wait", psw, code };
  }

  #runEnded(exit: FinalExit | undefined): void {
    if (this.#exitAtReset !== undefined) this.#finish({ reason: "reset", reset: this.#exitAtReset });
    else if (exit !== undefined) this.#finish(this.#describe(exit));
  }

  #finish(exit: MachineExit): void {
    if (this.#state !== "running") return;
    this.#state = "ended";
    this.#watchdog.cancel();
    this.#announce(exit);
  }

  #announce(exit: MachineExit): void {
    this.#events.emit("exit", exit);
    this.#settleRun?.resolve(exit);
  }
}

function createZpci(memory: GuestMemory, channelSubsystem: ChannelSubsystem): ZpciBus {
  return new ZpciBus({
    memory,
    adapterInterruptions: channelSubsystem.adapterInterruptions,
    postEvent: (data) => channelSubsystem.postEvent(2, data),
  });
}
