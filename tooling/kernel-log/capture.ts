import { ConsoleProcess } from "../bench/console-process.ts";
import { type Emulator, prompt } from "../bench/emulators.ts";

/** What a guest tells of itself and of its machine. */
export interface Capture {
  readonly name: string;
  /** The kernel log in raw form: `<level>[time] text`. */
  readonly log: readonly string[];
  /** Output of each of {@link questions}, by title. */
  readonly answers: ReadonlyMap<string, string>;
}

/** Files and lists to compare besides the log. */
export const questions: Readonly<Record<string, string>> = {
  "/proc/cpuinfo": "cat /proc/cpuinfo",
  "/proc/sysinfo": "cat /proc/sysinfo",
  "/proc/interrupts": "cat /proc/interrupts",
  "/proc/iomem": "cat /proc/iomem",
  "facilities of the hypervisor": "for f in /sys/hypervisor/* /sys/firmware/*; do [ -f $f ] && echo $f $(cat $f) || echo $f; done",
  "CPU attributes":
    "cd /sys/devices/system/cpu; for f in cpu0/configure cpu0/polarization cpu0/address cpu0/topology/* vulnerabilities/* online possible; do [ -f $f ] && echo $f $(cat $f 2>&1); done; cd",
  "CPU caches": "ls -R /sys/devices/system/cpu/cpu0/cache 2>&1",
  "ccw devices":
    "cd /sys/bus/ccw/devices; for d in *; do echo $d $(cat $d/devtype $d/cutype $d/online $d/availability $d/cmb_enable $d/modalias 2>&1) driver $(basename $(readlink $d/driver)); done; cd",
  subchannels:
    "cd /sys/bus/css/devices; for d in *; do echo $d type $(cat $d/type $d/modalias 2>&1) chpids $(cat $d/chpids 2>&1) pimpampom $(cat $d/pimpampom 2>&1); done; cd",
  "channel subsystem":
    "cd /sys/devices/css0; ls; for f in cm_enable real_cssid; do echo $f $(cat $f 2>&1); done; for c in chp*; do echo $c $(for f in status configure type cmg shared chid esc; do echo $f $(cat $c/$f 2>&1); done); done; cd",
  "virtio devices":
    "cd /sys/bus/virtio/devices; for d in *; do echo $d $(cat $d/device $d/vendor $d/status) features $(cat $d/features); done; cd",
  "huge pages": "ls /sys/kernel/mm/hugepages; grep -i huge /proc/meminfo",
  crypto: "grep -h ^driver /proc/crypto | sort",
};

/** Boots, asks, and ends the guest. */
export async function capture(emulator: Emulator): Promise<Capture> {
  const guest = new ConsoleProcess(emulator);
  try {
    await guest.seen(prompt, { timeout: 240 });
    // The answers then hold no echo of what was asked.
    guest.type("stty -echo; PS1=\r");
    const ask = async (command: string): Promise<string> => {
      const from = guest.text.length;
      guest.type(`echo begin-$((6 * 7)); ${command}; echo end-$((6 * 7))\r`);
      await guest.seen("end-42", { from });
      const text = guest.text.slice(from).replaceAll("\r", "");
      return text.slice(text.indexOf("begin-42") + "begin-42\n".length, text.lastIndexOf("end-42")).trimEnd();
    };
    const log = await ask("dmesg -r");
    const answers = new Map<string, string>();
    for (const [title, command] of Object.entries(questions)) answers.set(title, await ask(command));
    guest.type("poweroff\r");
    await guest.ended();
    return { name: emulator.name, log: log.split("\n"), answers };
  } finally {
    guest.kill();
  }
}
