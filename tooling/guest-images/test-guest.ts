import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DefaultGuest, type DefaultGuestOptions, loadDefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import type { InitramfsFile } from "../../apps/vmm/src/guest/initramfs.ts";
import { guestProgramFiles } from "./guest-programs.ts";

export interface TestGuestOptions extends Omit<DefaultGuestOptions, "extraFiles"> {
  /** Adds the programs of this folder under `/opt/zarch`. Needs the cross compiler. */
  readonly programs?: boolean;
  readonly files?: readonly InitramfsFile[];
}

/** The default guest with more files in its initramfs. */
export async function loadTestGuest({ programs = false, files = [], ...options }: TestGuestOptions = {}): Promise<DefaultGuest> {
  return loadDefaultGuest({ ...options, extraFiles: [...(programs ? await guestProgramFiles() : []), ...files] });
}

/** Writes kernel and initramfs into a folder, as `kernel` and `initrd`, for whatever boots from files. */
export async function writeGuest(guest: DefaultGuest, folder: string): Promise<{ kernel: string; initrd: string }> {
  await mkdir(folder, { recursive: true });
  const kernel = join(folder, "kernel");
  const initrd = join(folder, "initrd");
  await writeFile(kernel, guest.kernel);
  await writeFile(initrd, guest.initramfs);
  return { kernel, initrd };
}
