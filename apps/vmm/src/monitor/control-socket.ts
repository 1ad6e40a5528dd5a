import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { HostError } from "@zarch/vmm-interface";
import { reasonOf } from "../host/files.ts";
import { answerMonitorLine, type MonitorTarget } from "./monitor.ts";

const longestLine = 4096;

/**
 * Takes commands of the machine's command line on a UNIX socket: one a line; each answer ends with an empty line. Only the
 * user that started zarch may connect.
 * @param path undefined: there is no such socket, and nothing to dispose of
 * @throws {HostError} ERR_ZARCH_CONTROL
 */
export async function serveControlSocket(path: string | undefined, target: MonitorTarget): Promise<AsyncDisposable> {
  if (path === undefined) return { async [Symbol.asyncDispose]() {} };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serveLines(socket, target);
  });
  await listen(server, path);
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function serveLines(socket: Socket, target: MonitorTarget): void {
  let rest = "";
  let work = Promise.resolve();
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine) socket.destroy();
    // One at a time and in order, and no more read than is answered.
    socket.pause();
    for (const line of lines) {
      work = work.then(async () => {
        socket.write(`${await answerMonitorLine(target, line)}\n\n`);
      });
    }
    work = work.then(() => void socket.resume());
  });
}

async function listen(server: Server, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, () => {
          server.off("error", reject);
          resolve();
        });
      });
      await chmod(path, 0o600);
      return;
    } catch (error) {
      const abandoned = attempt === 0 && (error as NodeJS.ErrnoException).code === "EADDRINUSE" && (await isAbandoned(path));
      if (!abandoned)
        throw new HostError("ERR_ZARCH_CONTROL", `cannot make the control socket ${path}: ${reasonOf(error)}`, { cause: error });
      await unlink(path);
    }
  }
}

/** A socket that a process which is no more left behind. */
async function isAbandoned(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", () => resolve(true));
  });
}
