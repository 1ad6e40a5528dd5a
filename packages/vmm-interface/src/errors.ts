/** Whose fault an error is. The three are never mixed: each has its own way to be answered. */
export type ErrorKind =
  /** The guest did something that the architecture or a device specification forbids. */
  | "guest"
  /** The host (files, network, options, the user) failed or is unsuitable. */
  | "host"
  /** An invariant of this software is broken. */
  | "bug";

/** Base class of every error that a zarch package throws. `code` is stable and meant for programs. */
export class ZarchError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.kind = kind;
    this.code = code;
  }
}

/** Guest misbehaviour. The caller answers it in the guest's own terms: program check, command reject, NEEDS_RESET. */
export class GuestError extends ZarchError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super("guest", code, message, options);
  }
}

/** Host failure: an I/O error status for the guest and a clear message for the user. */
export class HostError extends ZarchError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super("host", code, message, options);
  }
}

/** A broken invariant of this software. Never caught on purpose below the application. */
export class BugError extends ZarchError {
  constructor(message: string, options?: ErrorOptions) {
    super("bug", "ERR_ZARCH_BUG", message, options);
  }
}
