/** What the keys after Ctrl-A ask for. */
export type ChordCommand = "exit" | "monitor" | "help";

const prefix = 0x01;

/** Separates what is for the guest from key chords: Ctrl-A and then a letter, as in QEMU and minicom. */
export class ChordFilter {
  readonly #command: (command: ChordCommand) => void;
  #armed = false;

  constructor(command: (command: ChordCommand) => void) {
    this.#command = command;
  }

  /** The bytes that are for the guest. */
  take(bytes: Uint8Array): Uint8Array {
    const kept: number[] = [];
    for (const byte of bytes) {
      if (!this.#armed) {
        if (byte === prefix) this.#armed = true;
        else kept.push(byte);
        continue;
      }
      this.#armed = false;
      // The letter may come with Ctrl still held down.
      const letter = String.fromCharCode(byte < 0x20 ? byte + 0x60 : byte).toLowerCase();
      if (letter === "x") this.#command("exit");
      else if (letter === "c") this.#command("monitor");
      else if (letter === "h" || letter === "?") this.#command("help");
      else if (letter === "a") kept.push(prefix);
      else kept.push(prefix, byte);
    }
    return Uint8Array.from(kept);
  }
}

export const chordHelp = [
  "Ctrl-A X  leave: the guest is cut off, as if its power failed",
  "Ctrl-A C  command line of the machine (disks, reset, shutdown); again or empty line: back",
  "Ctrl-A A  send Ctrl-A to the guest",
  "Ctrl-A H  this help",
] as const;
