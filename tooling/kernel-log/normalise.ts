/** A message of the kernel without what differs from boot to boot. */
export interface Message {
  /** 0 emergency, 3 error, 4 warning, 5 notice, 6 information, 7 debug. */
  readonly level: number;
  readonly text: string;
}

export const warning = 4;

/** Reads lines of a raw kernel log, `<level>[time] text`; lines of other forms are taken for information. */
export function parseLog(lines: readonly string[]): Message[] {
  return lines
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, priority = "6", text = line] = /^<(\d+)>(?:\[[ \d.]+\] )?(.*)$/.exec(line) ?? [];
      return { level: Number(priority) & 7, text: normalise(text) };
    });
}

function normalise(text: string): string {
  return (
    text
      .trimEnd()
      .replace(/audit\(\d+\.\d+:/, "audit(TIME:")
      .replace(/initialised in \d+ms/, "initialised in TIME")
      // Linux numbers virtio devices in the order in which their drivers are done, side by side.
      .replace(/\bvirtio\d+\b/, "virtioN")
      // What was free when the message was made depends on what ran before it.
      .replace(/Memory: \d+K/, "Memory: SIZE")
  );
}

const key = ({ level, text }: Message): string => `<${level}> ${text}`;

/** Messages of `log` that `others` do not have, or have less often. The order of messages does not count. */
export function onlyIn(log: readonly Message[], others: readonly Message[]): Message[] {
  const count = new Map<string, number>();
  for (const message of others) count.set(key(message), (count.get(key(message)) ?? 0) + 1);
  return log.filter((message) => {
    const left = count.get(key(message)) ?? 0;
    count.set(key(message), left - 1);
    return left <= 0;
  });
}
