import type { VirtqueueErrorCode } from "./errors.ts";

/** The ring was found to be malformed, or the other side to break its rules; the error is thrown after this. */
interface TraceError {
  readonly event: "error";
  readonly code: VirtqueueErrorCode;
  readonly message: string;
}

/** The queue started anew. */
interface TraceReset {
  readonly event: "reset";
}

/** What happens at the device side of a virtqueue. Lengths in bytes. */
export type DeviceTraceEvent = { readonly side: "device" } & (
  | {
      readonly event: "pop";
      /** Split: head. Packed: buffer id. */
      readonly id: number;
      readonly slots: number;
      readonly descriptors: number;
      readonly readable: number;
      readonly writable: number;
    }
  /** `pop` found nothing, so that the driver was asked for a notification unless notifications are disabled. */
  | { readonly event: "empty" }
  | { readonly event: "push"; readonly id: number; readonly written: number }
  /** So many buffers were shown to the driver, and whether it wants to be notified. */
  | { readonly event: "flush"; readonly published: number; readonly notify: boolean }
  /** Notifications are asked for, or not; `available`: buffers came before they were asked for. */
  | { readonly event: "notifications"; readonly wanted: boolean; readonly available: boolean }
  | { readonly event: "close" }
  | TraceReset
  | TraceError
);

/** What happens at the driver side of a virtqueue. Lengths in bytes. */
export type DriverTraceEvent = { readonly side: "driver" } & (
  | {
      readonly event: "add";
      readonly token: unknown;
      readonly readable: number;
      readonly writable: number;
      /** Whether there was room. */
      readonly accepted: boolean;
    }
  /** So many buffers were shown to the device, and whether it wants to be notified. */
  | { readonly event: "kick"; readonly published: number; readonly notify: boolean }
  | { readonly event: "get"; readonly token: unknown; readonly written: number }
  /** Callbacks are asked for, or not; `used`: buffers came back before they were asked for. */
  | { readonly event: "callbacks"; readonly wanted: boolean; readonly used: boolean }
  | TraceReset
  | TraceError
);

export type VirtqueueTraceEvent = DeviceTraceEvent | DriverTraceEvent;

/** Hears of everything that a queue does, after it is done. Must not throw, nor call the queue. */
export type VirtqueueTrace = (event: VirtqueueTraceEvent) => void;
