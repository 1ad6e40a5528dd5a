import type { GuestMemory } from "@zarch/guest-memory";
import type { Logger } from "@zarch/vmm-interface";
import type { StorageKeyCheck } from "./channel-storage.ts";

/** What a subchannel (of type S) needs of the channel subsystem that it belongs to. */
export interface SubchannelEnvironment<S> {
  readonly memory: GuestMemory;
  readonly storageKeys: StorageKeyCheck | undefined;
  readonly logger: Logger;
  /** Runs work later, after the host had a chance to do something else. */
  readonly defer: (work: () => void) => void;
  /** The limit set by SET ADDRESS LIMIT. */
  addressLimit(): number;
  /** Makes an I/O interruption pending, unless one is. */
  queueInterruption(subchannel: S): void;
  /** Takes back an interruption that the CPU has not taken. */
  withdrawInterruption(subchannel: S): void;
}
