import { IMAGE, ORIGIN } from "./image.ts";

/** A program to be loaded and entered at its first byte, in 64-bit mode. Fits `rawProgram` of `@zarch/machine`. */
export interface DemoGuest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Absolute address of the first byte. */
  readonly address: number;
}

/** The guest. It needs a storage of at least 1 MiB, and takes the devices that are there. */
export function demoGuest(): DemoGuest {
  const binary = atob(IMAGE);
  return { bytes: Uint8Array.from(binary, (character) => character.charCodeAt(0)), address: ORIGIN };
}
