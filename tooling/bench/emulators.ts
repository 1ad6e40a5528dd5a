import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { workspaceRoot } from "../workspace/packages.ts";
import type { GuestFiles } from "./guest.ts";

/** A program with its arguments that boots the guest with its console on standard input and output. */
export interface Emulator {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
}

/** Main storage of the guest, in MiB. */
export const memoryMebibytes = 512;
/** Linux has its console there in both. */
export const kernelParameters = "console=ttysclp0";
export const prompt = "zarch:~# ";

const main = join(workspaceRoot, "apps/vmm/dist/main.js");

/** The command of this checkout, as built. */
export function zarch(guest: GuestFiles, { append = kernelParameters, nodeOptions = [] as readonly string[] } = {}): Emulator {
  if (!existsSync(main)) throw new Error("the command is not built: npm run build");
  const options = ["--kernel", guest.kernel, "--initrd", guest.initrd, "--append", append, "--memory", `${memoryMebibytes}M`];
  return { name: "zarch", command: process.execPath, arguments: [...nodeOptions, main, "boot", ...options] };
}

const qemuCommand = "qemu-system-s390x";

/** QEMU's machine without a network, and with the entropy device that ours has. */
export function qemu(guest: GuestFiles, { append = kernelParameters, cpu = "qemu" } = {}): Emulator {
  const machine = ["-accel", "tcg", "-M", "s390-ccw-virtio", "-cpu", cpu, "-m", `${memoryMebibytes}`, "-nographic", "-nic", "none"];
  const entropy = ["-device", "virtio-rng-ccw,devno=fe.0.e000"];
  const program = ["-kernel", guest.kernel, "-initrd", guest.initrd, "-append", append];
  return { name: "QEMU", command: qemuCommand, arguments: [...machine, ...entropy, ...program] };
}

/** The version of QEMU, or undefined when there is none. */
export function qemuVersion(): string | undefined {
  const { status, stdout } = spawnSync(qemuCommand, ["--version"], { encoding: "utf8" });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}
