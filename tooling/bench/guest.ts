import { createHash } from "node:crypto";
import { join } from "node:path";
import type { DefaultGuest } from "../../apps/vmm/src/guest/default-guest.ts";
import { loadTestGuest, writeGuest } from "../guest-images/test-guest.ts";
import { workspaceRoot } from "../workspace/packages.ts";

export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: string;
}

export interface BenchmarkGuest extends GuestFiles {
  readonly release: string;
  readonly images: Pick<DefaultGuest, "kernel" | "initramfs">;
  /** Of kernel and initramfs together. */
  readonly fingerprint: string;
}

export const cacheFolder = join(workspaceRoot, ".cache/bench");

/**
 * The default guest, as files that both emulators can boot.
 * @param programs adds the compiled programs of guest-images, under `/opt/zarch`
 */
export async function benchmarkGuest({ programs = false } = {}): Promise<BenchmarkGuest> {
  const images = await loadTestGuest({ programs, progress: ({ text }) => process.stderr.write(`guest: ${text}\n`) });
  const files = await writeGuest(images, join(cacheFolder, programs ? "guest-with-programs" : "guest"));
  const fingerprint = createHash("sha256").update(images.kernel).update(images.initramfs).digest("hex").slice(0, 16);
  return { ...files, release: images.release, images, fingerprint };
}
