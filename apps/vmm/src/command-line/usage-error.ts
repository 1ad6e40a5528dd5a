import { HostError } from "@zarch/vmm-interface";

/** The user asked for something that cannot be done: a bad option or argument. */
export class UsageError extends HostError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_ZARCH_USAGE", message, options);
  }
}
