import type { StorageKeyCheck } from "@zarch/channel-subsystem";
import type { GuestMemory } from "@zarch/guest-memory";
import type { RegionCompiler } from "@zarch/s390x-cpu";
import type { EbcdicCodePage, EventSource, SclpCommandHandler, ScpConfiguration } from "@zarch/sclp";
import type {
  ChannelSubsystemPort,
  Clock,
  DiagnoseHandler,
  EntropySource,
  ExternalInterruptionPort,
  Logger,
  PciPort,
  ServiceCallPort,
} from "@zarch/vmm-interface";
import type { CpuLike } from "./cpu-like.ts";
import type { Hypercall } from "./diagnose/diag-500.ts";
import type { IplProgram } from "./ipl/ipl-program.ts";
import type { MachineDevice } from "./machine-device.ts";
import type { MachineObserver } from "./machine-observer.ts";

/**
 * Takes what the guest prints. A promise holds the guest back until it settles, so that a guest cannot fill the host's
 * memory through a slow pipe.
 */
export type ConsoleOutput = (bytes: Uint8Array) => void | Promise<void>;

export interface MachineConsoleOptions {
  readonly output: ConsoleOutput;
  /** Called when a console that refused part of its input has room again. */
  readonly inputReady?: () => void;
}

export interface LineModeConsoleMachineOptions extends MachineConsoleOptions {
  readonly codePage?: EbcdicCodePage;
  readonly echo?: boolean;
}

/** What a CPU is connected to. */
export interface CpuPorts {
  readonly channelSubsystem: ChannelSubsystemPort;
  readonly serviceCall: ServiceCallPort;
  /** Hypercalls behind DIAGNOSE by code. The CPU answers any other code with a specification exception. */
  readonly diagnose: ReadonlyMap<number, DiagnoseHandler>;
  /** With it the CPU offers the PCI facilities. */
  readonly pci?: PciPort;
  readonly externalInterruptions?: ExternalInterruptionPort;
}

/**
 * What executes the guest's instructions: the interpreter alone; with a compiler for what runs often; or both one after the other, and
 * an error where they disagree, which is for finding faults and some ten times slower.
 */
export type CpuEngine = "interpreter" | "jit" | "lockstep";

/**
 * Makes the CPU of a machine. `ports` is called once, when the memory exists; with storage keys, channel programs are subject
 * to key-controlled protection.
 */
export type CpuFactory = (options: {
  readonly memorySize: number;
  readonly clock: Clock;
  readonly entropy: EntropySource;
  /** As in {@link MachineOptions}. */
  readonly engine: CpuEngine;
  readonly regionCompiler?: RegionCompiler;
  /** To be told what the CPU does, if the CPU can tell. */
  readonly observer?: MachineObserver;
  readonly ports: (memory: GuestMemory, storageKeys?: StorageKeyCheck) => CpuPorts;
}) => CpuLike;

export interface MachineOptions {
  /** Bytes of main storage: a multiple of 1 MiB, above 1,020 MiB of 2 MiB, and so on (see `storageIncrement` of `@zarch/sclp`). */
  readonly memory: number;
  /** Number of CPUs. Only 1 is possible as yet. */
  readonly cpus?: number;
  /** What the machine is loaded with, at the start and at every re-IPL. */
  readonly ipl: IplProgram;
  /** Devices that are there from the beginning. */
  readonly devices?: readonly MachineDevice[];
  /** Time, as the guest and its devices have it. Default: that of the host. */
  readonly clock?: Clock;
  /** Random bytes, where the CPU gives some. Default: those of the host. */
  readonly entropy?: EntropySource;
  readonly logger?: Logger;
  /** The ASCII (VT220) console of the SCLP; Linux: ttysclp0. */
  readonly vt220Console?: MachineConsoleOptions;
  /** The line-mode console of the SCLP; Linux: ttyS0. */
  readonly lineModeConsole?: LineModeConsoleMachineOptions;
  /** Further SCLP event types, commands, and fields of READ SCP INFO. */
  readonly sclp?: {
    readonly events?: readonly EventSource[];
    readonly commands?: ReadonlyMap<number, SclpCommandHandler>;
    readonly configuration?: Partial<Omit<ScpConfiguration, "memorySize" | "cpus">>;
  };
  /** Further hypercalls: DIAGNOSE codes, and numbers of DIAGNOSE 0x500. They come before those of the machine. */
  readonly diagnose?: ReadonlyMap<number, DiagnoseHandler>;
  readonly hypercalls?: ReadonlyMap<number, Hypercall>;
  /** Whether the machine has PCI. Default: if one of its first devices needs it. Functions can be added later only if it has. */
  readonly pci?: boolean;
  /**
   * Puts an s390 descriptor page above the guest's storage, for guests of 2008 to 2015. Default: if one of the first devices needs it.
   */
  readonly descriptorPage?: {
    /** Receives what the guest prints before it has a console: at most 16 bytes at a time, in ASCII. */
    readonly earlyConsole?: (text: Uint8Array) => void;
  };
  /** Offers the DIAGNOSE 0x288 watchdog. When it expires the machine is reset and loaded again. Default false. */
  readonly watchdog?: boolean;
  /** What a reset or re-IPL by the guest does: it happens (default), or it ends the machine. */
  readonly onGuestReset?: "reset" | "exit";
  /**
   * How late, in ns, timer interruptions may come to a guest that has been idle, but for its timers, for a tenth of a second.
   * Default 20,000,000 (20 ms): a kernel with a periodic tick then leaves the host alone, too. 0: always in time.
   */
  readonly idleTimerSlack?: number;
  /** Gives the event loop a turn. Default: the best that the host offers. */
  readonly yieldToHost?: () => Promise<void>;
  /** What executes instructions. Default `"jit"`. */
  readonly engine?: CpuEngine;
  /** Compiles guest code in place of the machine's own thread, with the engine `"jit"`: in a worker, for instance. */
  readonly regionCompiler?: RegionCompiler;
  /** Default: the CPU of `@zarch/s390x-cpu`. */
  readonly cpu?: CpuFactory;
  /** Is told what the machine does: a `Profiler`. Without one, observation costs nothing. */
  readonly observer?: MachineObserver;
}
