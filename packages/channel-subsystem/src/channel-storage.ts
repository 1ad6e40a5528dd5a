import type { GuestMemory } from "@zarch/guest-memory";
import { SubchannelStatus } from "./subchannel-status.ts";

/**
 * Storage keys, as far as a machine has them. Called before every access of a channel program to guest storage, so that
 * reference and change bits can be kept too.
 */
export interface StorageKeyCheck {
  /**
   * @param address absolute address of the first byte; the span lies in storage and in one block of 4 KiB
   * @param key access key from the ORB, 0 to 15
   * @returns whether the access is permitted (PoP chapter 3, "Key-Controlled Protection")
   */
  permits(address: number, length: number, key: number, store: boolean): boolean;
}

/** Bytes that have one storage key. */
const keyBlock = 4096;

/** What the channel subsystem found out about an access: 0, or bits of the subchannel status. */
export type ChannelCheck = number;

/** Restricts data addresses (SET ADDRESS LIMIT). */
export interface AddressLimit {
  readonly mode: "none" | "low" | "high";
  /** First byte of the upper part, a multiple of 64 KiB. */
  readonly limit: number;
}

/** Accesses of one channel program to guest storage: bounds, key and address limit are checked here and nowhere else. */
export class ChannelStorage {
  readonly #memory: GuestMemory;
  readonly #keys: StorageKeyCheck | undefined;
  readonly #key: number;
  readonly #limit: AddressLimit;

  constructor(memory: GuestMemory, keys: StorageKeyCheck | undefined, key: number, limit: AddressLimit) {
    this.#memory = memory;
    this.#keys = keys;
    this.#key = key;
    this.#limit = limit;
  }

  /** Fetches control words: CCWs and indirect-address words. The address limit does not apply to them. */
  fetchControl(address: number, target: Uint8Array): ChannelCheck {
    const check = this.#check(address, target.length, false);
    if (check === 0) this.#memory.read(address, target);
    return check;
  }

  fetch(address: number, target: Uint8Array): ChannelCheck {
    const check = this.#checkLimit(address, target.length) || this.#check(address, target.length, false);
    if (check === 0) this.#memory.read(address, target);
    return check;
  }

  store(address: number, source: Uint8Array): ChannelCheck {
    const check = this.#checkLimit(address, source.length) || this.#check(address, source.length, true);
    if (check === 0) this.#memory.write(address, source);
    return check;
  }

  #check(address: number, length: number, store: boolean): ChannelCheck {
    if (!this.#memory.contains(address, length)) return SubchannelStatus.programCheck;
    return this.#keys === undefined || this.#isPermitted(this.#keys, address, length, store) ? 0 : SubchannelStatus.protectionCheck;
  }

  /** Each block of storage has a key of its own. */
  #isPermitted(keys: StorageKeyCheck, address: number, length: number, store: boolean): boolean {
    for (let done = 0; done < length; ) {
      const part = Math.min(length - done, keyBlock - ((address + done) % keyBlock));
      if (!keys.permits(address + done, part, this.#key, store)) return false;
      done += part;
    }
    return true;
  }

  #checkLimit(address: number, length: number): ChannelCheck {
    const { mode, limit } = this.#limit;
    if (mode === "low" && address < limit) return SubchannelStatus.programCheck;
    if (mode === "high" && address + length > limit) return SubchannelStatus.programCheck;
    return 0;
  }
}
