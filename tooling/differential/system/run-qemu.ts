import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elfExecutable } from "../elf.ts";
import { MEMORY_SIZE, ORIGIN } from "./layout.ts";

const QEMU = "qemu-system-s390x";
const TIMEOUT_MS = 60_000;

/** Version of the system emulator that is installed, if one is. */
export function qemuVersion(): string | undefined {
  const { stdout, status } = spawnSync(QEMU, ["--version"], { encoding: "utf8" });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}

/**
 * Runs an image and returns it as the programs left it. Real storage is a file, which stays when the disabled wait at the end
 * makes QEMU exit.
 */
export function runInQemu(image: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "differential-system-"));
  try {
    const [kernel, storage] = [join(folder, "programs"), join(folder, "storage")];
    writeFileSync(kernel, elfExecutable(ORIGIN, image, ORIGIN));
    const { stderr, status, signal } = spawnSync(
      QEMU,
      [
        ...["-machine", "s390-ccw-virtio,memory-backend=storage", "-accel", "tcg", "-cpu", "max", "-m", `${MEMORY_SIZE >> 20}`],
        ...["-object", `memory-backend-file,id=storage,mem-path=${storage},size=${MEMORY_SIZE},share=on`],
        ...["-display", "none", "-nodefaults", "-no-reboot", "-kernel", kernel],
      ],
      { timeout: TIMEOUT_MS, encoding: "utf8" },
    );
    if (signal || (status !== 0 && status !== null)) throw new Error(`${QEMU} ended with ${signal ?? status}: ${stderr}`);
    return new Uint8Array(readFileSync(storage).subarray(ORIGIN, ORIGIN + image.length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
