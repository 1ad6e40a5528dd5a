import { randomInt } from "node:crypto";
import { unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError } from "@zarch/vmm-interface";

/** A held lock. */
export interface FileLock {
  release(): Promise<void>;
}

/**
 * Locks a file, by a key that is the same for all its names, against other processes of this kind: one writer, or up to
 * {@link READERS} readers.
 *
 * Node has no flock(2). A lock file with a process number can be stale, and telling so is a guess. So a lock is a listening
 * local socket whose name holds the key: on Linux in the abstract namespace, on Windows a named pipe. The operating system
 * lets only one process have a name, and takes it away in the moment in which the process ends, however it ends. Elsewhere
 * the socket is a file in the temporary folder; one to which nobody listens any more is removed.
 *
 * The lock is advisory and reaches as far as such names do: one host, and on Linux one network namespace.
 *
 * @throws HostError `ERR_ZARCH_BLOCK_LOCKED`
 */
export async function lockFile(key: string, path: string, mode: "read" | "write"): Promise<FileLock> {
  for (let attempt = 0; ; attempt++) {
    const lock = mode === "write" ? await tryWriter(key) : await tryReader(key);
    if (lock !== undefined) return lock;
    // Two that come at the same moment may each see the other and both give way; a holder is still there later.
    if (attempt === 3) break;
    await new Promise((resolve) => setTimeout(resolve, randomInt(5, 30)));
  }
  throw new HostError("ERR_ZARCH_BLOCK_LOCKED", `${path} is locked: another process, or another disk of this machine, uses it`);
}

/** How many can read one file at a time. */
const READERS = 32;

/** First takes the name, then looks for the other kind: so of a writer and a reader at least one sees the other. */
async function tryWriter(key: string): Promise<FileLock | undefined> {
  const own = await listen(`${key}-w`);
  if (own === undefined) return undefined;
  const readers = await Promise.all(Array.from({ length: READERS }, (_, index) => isHeld(`${key}-r${index}`)));
  return readers.includes(true) ? give(own) : held(own);
}

async function tryReader(key: string): Promise<FileLock | undefined> {
  for (let index = 0; index < READERS; index++) {
    const own = await listen(`${key}-r${index}`);
    if (own !== undefined) return (await isHeld(`${key}-w`)) ? give(own) : held(own);
  }
  return undefined;
}

function held(server: Server): FileLock {
  return { release: () => close(server) };
}

async function give(server: Server): Promise<undefined> {
  await close(server);
  return undefined;
}

function address(name: string): string {
  const full = `zarch-disk-${name}`;
  if (process.platform === "linux") return `\0${full}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\${full}`;
  return join(tmpdir(), `${full}.sock`);
}

/** A server that has the name, or `undefined` if another has it. */
async function listen(name: string): Promise<Server | undefined> {
  const path = address(name);
  for (let attempt = 0; ; attempt++) {
    const server = createServer((socket) => socket.destroy());
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") resolve(true);
        else reject(new HostError("ERR_ZARCH_BLOCK_LOCK", `a disk cannot be locked: ${error.message}`, { cause: error }));
      });
      // `exclusive`: a worker of Node's cluster module must not share the name.
      server.listen({ path, exclusive: true }, () => resolve(false));
    });
    if (!taken) {
      // A lock does not keep the process alive.
      server.unref();
      return server;
    }
    const isFile = !path.startsWith("\0") && process.platform !== "win32";
    if (!isFile || attempt > 0 || (await isHeld(name))) return undefined;
    await unlink(path).catch(() => {});
  }
}

/** Whether some process listens under the name. */
function isHeld(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address(name));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // A queue of connections that is full is one of a listener.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EAGAIN"));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
