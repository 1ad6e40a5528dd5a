import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elfExecutable } from "./elf.ts";
import { IMAGE_ORIGIN } from "./layout.ts";

const QEMU = "qemu-s390x";
const TIMEOUT_MS = 20_000;

/** Version of the user-mode emulator that is installed, if one is. */
export function qemuVersion(): string | undefined {
  const { stdout, status } = spawnSync(QEMU, ["--version"], { encoding: "utf8" });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}

/** Runs an image and returns it as the programs left it. */
export function runInQemu(image: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "differential-"));
  try {
    const file = join(folder, "programs");
    writeFileSync(file, elfExecutable(IMAGE_ORIGIN, image, IMAGE_ORIGIN), { mode: 0o700 });
    const { stdout, stderr, status, signal } = spawnSync(QEMU, ["-cpu", "max", file], {
      maxBuffer: image.length + 0x10_0000,
      timeout: TIMEOUT_MS,
    });
    if (status !== 0 || stdout.length !== image.length)
      throw new Error(`${QEMU} ended with ${signal ?? status} after ${stdout.length} bytes: ${stderr.toString()}`);
    return new Uint8Array(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
