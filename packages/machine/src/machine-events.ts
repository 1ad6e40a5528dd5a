import type { DeviceAddress } from "./device-address.ts";
import type { Diag308Reset } from "./diagnose/diag-308.ts";
import type { InitialPsw } from "./ipl/ipl-program.ts";

/** How the life of a machine's guest ended. */
export type MachineExit =
  /** All CPUs are stopped, or the guest answered a quiesce signal: a power-off in good order. */
  | { readonly reason: "power-off" }
  /** A disabled wait: in Linux the end of a panic. `code` is the PSW address in hexadecimal, 16 digits. */
  | { readonly reason: "disabled-wait"; readonly psw: InitialPsw; readonly code: string }
  /** The CPU found itself in a loop of interruptions that nothing can end. */
  | { readonly reason: "check-stop"; readonly psw: InitialPsw }
  /** The guest asked for a reset or re-IPL, and the machine was told to end then. */
  | { readonly reason: "reset"; readonly reset: ResetKind }
  /** The host ended the machine. */
  | { readonly reason: "closed" };

export type ResetKind = Diag308Reset | "watchdog" | "host";

/** Events of a machine and what comes with each. */
export interface MachineEvents {
  /** The guest begins or goes on to run. */
  running: undefined;
  /** The guest is held; nothing in it moves until it is resumed. */
  paused: undefined;
  /** A reset or re-IPL happened; the guest goes on to run. */
  reset: { readonly kind: ResetKind };
  /** The guest's life ended. */
  exit: MachineExit;
  deviceAttached: { readonly address: DeviceAddress };
  deviceDetached: { readonly address: DeviceAddress };
}
