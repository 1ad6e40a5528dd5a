import { CpioWriter } from "./cpio.ts";
import { INIT_SCRIPT, PROFILE, RUN_SCRIPT, SHELL_SCRIPT, SHUTDOWN_SCRIPT, UNMOUNT_SCRIPT } from "./guest-scripts.ts";
import { type ModuleSet, modulesAlias, modulesDep } from "./module-set.ts";

/** A further file of an initramfs. */
export interface InitramfsFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Uint8Array | string;
  /** Permission bits; 0o644 when absent. */
  readonly mode?: number;
}

export interface InitramfsOptions {
  /** A statically linked busybox for s390x. */
  readonly busybox: Uint8Array;
  readonly modules: ModuleSet;
  readonly extraFiles?: readonly InitramfsFile[];
}

/** Modules for the devices of a zarch machine and for the file system of its disks; their dependencies come by themselves. */
export const DEFAULT_MODULES: readonly string[] = [
  "virtio_pci",
  "virtio_console",
  "virtio_blk",
  "virtio-rng",
  "virtio_balloon",
  "virtio_net",
  "ext4",
  // The Linux crypto API asks for it by name when ext4 meets checksums in metadata.
  "crc32c_generic",
];

/**
 * The initramfs of the default guest: an uncompressed cpio archive with busybox, drivers and our programs. The same input
 * gives the same bytes. Another archive may be appended, whose files are then added to these or replace them.
 *
 * It stays uncompressed. Measured under QEMU with Debian's 6.1: Linux unpacks these 4.0 MB in 4 million instructions, and
 * the same compressed by gzip (1.5 MB) in 87 million, while all of /init takes about 35 million.
 */
export function buildInitramfs(options: InitramfsOptions): Uint8Array {
  const { busybox, modules } = options;
  const cpio = new CpioWriter();
  for (const directory of ["bin", "dev", "etc", "mnt", "proc", "run", "sbin", "sys", "usr/bin", "usr/sbin", "var/log"]) {
    cpio.directory(directory);
  }
  cpio.directory("root", 0o700).directory("tmp", 0o1777);
  // The kernel opens the console before /init mounts devtmpfs.
  cpio.characterDevice("dev/console", 5, 1).characterDevice("dev/null", 1, 3, 0o666);
  cpio.file("bin/busybox", busybox, 0o755).symlink("bin/sh", "busybox");
  cpio.file("init", INIT_SCRIPT, 0o755);
  cpio.file("etc/zarch/run", RUN_SCRIPT, 0o755).file("etc/zarch/shell", SHELL_SCRIPT, 0o755);
  cpio.file("etc/zarch/shutdown", SHUTDOWN_SCRIPT, 0o755).file("etc/zarch/unmount", UNMOUNT_SCRIPT, 0o755);
  cpio.file("etc/profile", PROFILE);
  cpio.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
  cpio.file("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
  cpio.file("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  // So that mount without a type tries ext4, which makes the kernel ask for the module.
  cpio.file("etc/filesystems", "ext4\n");
  cpio.file("etc/motd", `Linux ${modules.release} with busybox on zarch. "exit" or "poweroff" ends it.\n`);
  const root = `lib/modules/${modules.release}`;
  for (const module of modules.modules) cpio.file(`${root}/${module.path}`, module.content);
  cpio.file(`${root}/modules.dep`, modulesDep(modules)).file(`${root}/modules.alias`, modulesAlias(modules));
  cpio.file(`${root}/modules.builtin`, modules.builtin);
  for (const { path, content, mode } of options.extraFiles ?? []) cpio.file(path, content, mode);
  return cpio.finish();
}
