/**
 * A random-access block store, as a block device uses it and a block backend implements it.
 *
 * Offsets and lengths are in bytes. A device calls only with spans inside `[0, size)` and never writes, discards or
 * zeroes when {@link readOnly} is true; a backend checks both nevertheless and rejects.
 *
 * Any number of calls may be in flight, and they may complete in any order. A backend keeps no order between
 * overlapping calls: the caller who cares waits. A call must not return a promise that never settles.
 * The caller leaves the byte array alone until the promise settles, and the backend does not keep it afterwards.
 * A rejection (best a `HostError`) becomes an I/O error status for the guest; the backend stays usable.
 */
export interface BlockBackend {
  /** Bytes of the store: a multiple of 512. It may grow or shrink; see {@link onResize}. */
  readonly size: number;
  /** Whether every change is refused. Constant over the life of the backend. */
  readonly readOnly: boolean;
  /**
   * Preferred unit of I/O in bytes: a power of two, at least 512. Told to the guest as its logical block size, which is a hint:
   * offsets and lengths that are only multiples of 512 are legal nevertheless. 512 when absent.
   */
  readonly blockSize?: number;
  /** A stable name for the store, for instance a serial number. A virtio disk shows its first 20 bytes of UTF-8. */
  readonly identity?: string;

  /** Fills all of `target` from `offset`. */
  read(offset: number, target: Uint8Array): Promise<void>;
  /** Stores all of `data` at `offset`. Later reads see it; it survives a power failure only after a {@link flush}. */
  write(offset: number, data: Uint8Array): Promise<void>;
  /** Makes every write, discard and zeroing whose promise was settled before this call survive a power failure. */
  flush(): Promise<void>;
  /** Tells that the content of the span is no longer needed; what it reads as afterwards is undefined (old data or zeroes). */
  discard?(offset: number, length: number): Promise<void>;
  /** Makes the span read as zeroes. `mayUnmap`: storage for it may be given back. Absent: the caller writes zeroes itself. */
  writeZeroes?(offset: number, length: number, mayUnmap: boolean): Promise<void>;
  /** Calls `listener` after each change of {@link size}. Returns a function that stops it. Absent: the size never changes. */
  onResize?(listener: () => void): () => void;
}
