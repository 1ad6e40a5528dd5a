import type { StorageKeyCheck } from "@zarch/channel-subsystem";

const pageShift = 12;
/** A storage key as ISKE shows it: access control, fetch protection, reference and change. */
const accessShift = 4;
const fetchProtection = 0x08;
const reference = 0x04;
const change = 0x02;

/**
 * Key-controlled protection of channel programs (PoP chapter 3): keeps the reference and change bits, too.
 * @param keys one storage key for each 4 KiB of storage
 */
export function storageKeyCheck(keys: Uint8Array): StorageKeyCheck {
  return {
    permits(address, length, key, store) {
      const first = address / 2 ** pageShift;
      const last = Math.floor((address + Math.max(length, 1) - 1) / 2 ** pageShift);
      for (let page = Math.floor(first); page <= last; page++) {
        const storageKey = keys[page] ?? 0;
        const matches = key === 0 || storageKey >> accessShift === key;
        if (!matches && (store || (storageKey & fetchProtection) !== 0)) return false;
      }
      for (let page = Math.floor(first); page <= last; page++) keys[page] = (keys[page] ?? 0) | reference | (store ? change : 0);
      return true;
    },
  };
}
