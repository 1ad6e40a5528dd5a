import { MAXIMUM_STORAGE } from "@zarch/s390x-cpu";
import { storageIncrement } from "@zarch/sclp";
import { formatSize } from "../command-line/size.ts";
import { UsageError } from "../command-line/usage-error.ts";

/**
 * Checks a memory size as the user gave it, before anything else is done for the guest.
 * @throws {UsageError}
 */
export function checkMemorySize(bytes: number): void {
  if (bytes <= 0) throw new UsageError("--memory: a guest needs some memory");
  if (bytes > MAXIMUM_STORAGE)
    throw new UsageError(`--memory: ${formatSize(bytes)} is more than the limit, ${formatSize(MAXIMUM_STORAGE)}`);
  const increment = storageIncrement(bytes);
  if (bytes % increment !== 0) throw new UsageError(`--memory: ${formatSize(bytes)} is not a multiple of ${formatSize(increment)}`);
}
