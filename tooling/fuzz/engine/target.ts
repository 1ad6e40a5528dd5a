/** What went wrong. */
export type FindingKind =
  /** An exception that is no answer to the guest's doing, or one that nobody caught. */
  | "exception"
  /** The code under test says of itself that it has a bug, or that the host failed where it did not. */
  | "bug"
  /** More accesses to guest memory in one call than the ring can be a reason for. */
  | "steps"
  /** An execution that did not end. */
  | "hang"
  /** A write to guest memory, or to the backend, that the guest did not ask for. */
  | "write"
  /** A read of guest memory that the guest did not offer. */
  | "read"
  /** A wrong answer: what was taken from the ring is not what is in it. */
  | "answer"
  /** After a reset a correct driver is not served. */
  | "wedged"
  /** Memory of the host that grows without end. */
  | "memory";

/** A bug that the fuzzer found. */
export class Finding extends Error {
  readonly kind: FindingKind;

  constructor(kind: FindingKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Finding";
    this.kind = kind;
  }
}

/** Something that takes bytes and must survive them. */
export interface FuzzTarget {
  /** Longest input that is tried. Default 1024. */
  readonly maxLength?: number;
  /** Byte strings that mean something to it. */
  readonly dictionary?: readonly Uint8Array[];
  /**
   * Executes one input. Must depend on nothing else, and leave nothing behind.
   * @throws Finding for a bug; everything else that is thrown is a finding of kind `"exception"`
   */
  run(input: Uint8Array): void | Promise<void>;
}

/** The finding that an exception of {@link FuzzTarget.run} stands for. */
export function asFinding(error: unknown): Finding {
  if (error instanceof Finding) return error;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Finding("exception", message, { cause: error });
}

/** What makes two findings the same one: kind, and message without numbers. */
export function signature({ kind, message }: Finding): string {
  return `${kind}: ${message.replace(/0x[0-9a-f]+|\d+(\.\d+)?(e\+\d+)?/gi, "#").slice(0, 160)}`;
}
