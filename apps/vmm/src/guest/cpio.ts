import { BugError } from "@zarch/vmm-interface";

/**
 * Writer of cpio archives in the "newc" format (magic 070701), the one that Linux unpacks as an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format). Numbers are eight hexadecimal digits, names end with a zero
 * byte, and headers and file bodies start at multiples of four bytes.
 *
 * The output depends on nothing but the entries: owner 0:0, time 0, inode numbers in order.
 */
export class CpioWriter {
  readonly #parts: Uint8Array[] = [];
  readonly #seen = new Set<string>();
  #length = 0;
  #inode = 0;

  /** Adds a directory and, before it, every parent not yet in the archive. `path` has no leading slash. */
  directory(path: string, mode = 0o755): this {
    if (path === "" || this.#seen.has(path)) return this;
    this.#parents(path);
    return this.#entry(path, S_IFDIR | mode, 2, 0, 0, EMPTY);
  }

  /** Adds a regular file. The bytes are kept by reference until {@link finish}. */
  file(path: string, content: Uint8Array | string, mode = 0o644): this {
    this.#parents(path);
    return this.#entry(path, S_IFREG | mode, 1, 0, 0, typeof content === "string" ? utf8.encode(content) : content);
  }

  symlink(path: string, target: string): this {
    this.#parents(path);
    return this.#entry(path, S_IFLNK | 0o777, 1, 0, 0, utf8.encode(target));
  }

  /** Adds a character device node. */
  characterDevice(path: string, major: number, minor: number, mode = 0o600): this {
    this.#parents(path);
    return this.#entry(path, S_IFCHR | mode, 1, major, minor, EMPTY);
  }

  /** The archive: all entries and the trailer, padded to a multiple of 512 bytes so that another archive may follow it. */
  finish(): Uint8Array {
    this.#entry("TRAILER!!!", 0, 1, 0, 0, EMPTY);
    this.#append(new Uint8Array(-this.#length & 511));
    const archive = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      archive.set(part, at);
      at += part.length;
    }
    return archive;
  }

  #parents(path: string): void {
    const slash = path.lastIndexOf("/");
    if (slash > 0) this.directory(path.slice(0, slash));
  }

  #entry(path: string, mode: number, links: number, major: number, minor: number, body: Uint8Array): this {
    if (path.startsWith("/") || path.includes("\0")) throw new BugError(`"${path}" is not a name for a cpio archive`);
    if (this.#seen.has(path)) throw new BugError(`"${path}" is in the archive already`);
    this.#seen.add(path);
    const name = utf8.encode(path);
    const fields = [++this.#inode, mode, 0, 0, links, 0, body.length, 0, 0, major, minor, name.length + 1, 0];
    const header = utf8.encode(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
    this.#append(header);
    this.#append(name);
    // The zero byte that ends the name, and zeroes up to the next multiple of four.
    this.#append(new Uint8Array(4 - ((header.length + name.length) & 3)));
    this.#append(body);
    this.#append(new Uint8Array(-body.length & 3));
    return this;
  }

  #append(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

const S_IFDIR = 0o040000;
const S_IFCHR = 0o020000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const EMPTY = new Uint8Array(0);
const utf8 = new TextEncoder();
