import { chordHelp } from "../terminal/chord.ts";
import type { CommandName } from "./arguments.ts";
import { diskForm } from "./disk-option.ts";

const guestHelp = `  -m, --memory SIZE     main storage of the guest, for instance 512M (the default) or 2G
  -d, --disk DISK       a disk; again for each further one. DISK is
                        ${diskForm}:
                        ro: the guest may not write; overlay: what it writes goes to the overlay file,
                        or without one is gone at the end. PROPERTY says how virtio is spoken: packed (rings),
                        no-indirect (descriptors), no-event-index, in-order, queue-size=N,
                        revision=N (of virtio-ccw at most: 0, 1 or 2), legacy (a device from before virtio 1.0),
                        bus=ccw or bus=pci (where the device is), access-platform (DMA translation, on PCI)
      --virtio PROPERTY[,PROPERTY]...
                        the same for all virtio devices of the guest, but for queue-size
      --engine ENGINE   what executes the guest's instructions: jit (the default), interpreter, or lockstep, which
                        compares the two and ends with a report where they disagree, some ten times slower
      --profile FILE    when the session ends, write where its time went: .txt a report, .json trace events
                        for Perfetto, .cpuprofile for Chrome's DevTools; - the report on standard error
      --symbols FILE[@ADDRESS]
                        names for the profile: the kernel's System.map or ELF file, or with an address
                        (hexadecimal) the ELF file of a program that is there in user space; again for more
      --control SOCKET  take commands (see Ctrl-A C) on a UNIX socket
      --refresh         look for a newer default guest instead of using the one fetched before
  -h, --help            this text`;

const bootHelp = `  -k, --kernel FILE     a Linux kernel for s390x (image, vmlinuz) or an ELF program
  -i, --initrd FILE     the initial RAM disk (initramfs)
  -a, --append TEXT     kernel parameters
  -c, --console KIND    sclp (ASCII console, ttysclp0), sclp-line (operator console, ttyS0) or virtio (hvc0)
      --no-reboot       a reboot of the guest ends it
      --watchdog        give the guest a watchdog (DIAGNOSE 0x288) that resets it`;

const statusHelp = `Exit status: 0 the guest powered itself off; 2 bad option or host failure; 3 the guest crashed (Linux: panic);
128 + n ended by signal n.`;

const keyHelp = `Keys, when input is a terminal:
${chordHelp.map((line) => `  ${line}`).join("\n")}`;

const topics: Readonly<Record<CommandName, string>> = {
  boot: `Usage: zarch boot [OPTIONS]

Boots Linux for s390x. Without --kernel: Debian's current kernel and busybox, fetched through apt-get and cached.

${bootHelp}
${guestHelp}

The console is sclp by default. If no kernel parameter console= is given, the one that fits is added.
Input that is not a terminal is fed to the console; its end is passed on as Ctrl-D.

${keyHelp}

${statusHelp}
`,
  run: `Usage: zarch run [OPTIONS] [--] COMMAND [ARGUMENT]...

Boots the default guest, runs COMMAND in it and ends with its status. Standard input, output and error are the command's.

  -t, --timeout SECONDS end after so many seconds, with status 124
  -e, --env NAME=VALUE  set a variable for the command; again for each further one
  -w, --workdir DIR     start the command in DIR
  -v, --verbose         show kernel messages on standard error
${guestHelp}

Exit status: that of COMMAND, 128 + n if signal n ended it there; 2 bad option or host failure; 124 timeout;
125 the guest ended before COMMAND did.
`,
  start: `Usage: zarch start [OPTIONS]

Boots the default guest to a shell, with a virtio console, an entropy device and a disk with an ext4 file system that is
made at the first start and kept. If the default guest cannot be fetched, the guest of zarch demo runs instead.

      --no-disk         without that disk
${bootHelp}
${guestHelp}

The console is virtio by default.

${keyHelp}

${statusHelp}
`,
  demo: `Usage: zarch demo

Runs a small guest that is part of zarch, so nothing is downloaded. It finds a console, an entropy device and a disk on each of
three buses (the s390 descriptor page, channel I/O, PCI), drives them, prints what it found and measured, and powers off.

  -h, --help            this text

Exit status: 0 all nine devices work; 2 bad option or host failure; 3 a device does not work, or the guest crashed;
128 + n ended by signal n.
`,
};

const overview = `Usage: zarch COMMAND [OPTIONS]

An s390x virtual machine: unmodified Linux for IBM Z, on a CPU, channel subsystem and virtio devices written in TypeScript.

  zarch start           a shell in the default guest
  zarch boot            boot a kernel of yours, or the default guest
  zarch run -- COMMAND  run one command in the default guest
  zarch demo            a guest that comes with zarch: nine virtio devices on three buses, in a second
  zarch help COMMAND    all options of a command
  zarch --version

Environment: ZARCH_CACHE names the folder for fetched guests and made disks (default: zarch in the user's cache folder).
`;

/** The help text of a command, or the overview. */
export function helpText(topic: CommandName | undefined): string {
  return topic === undefined ? overview : topics[topic];
}
