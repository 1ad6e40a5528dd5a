import { type HotPlace, hotPlaces } from "./hot-places.ts";
import { guestTiers, type Profile, type Tier, tiers } from "./profile.ts";
import { SymbolTable } from "./symbols.ts";

const descriptions: Readonly<Record<Tier, string>> = {
  compiled: "guest code, compiled",
  interpreter: "guest code, interpreted",
  runtime: "runtime: instructions in TypeScript, interruptions",
  devices: "devices, called by instructions",
  compiler: "compiler: selects regions, generates WebAssembly",
  "host-compiler": "the host's WebAssembly compiler",
  host: "host: input and output, timers, all else",
  idle: "idle: the guest waits",
};

/** Most lines of a list. */
const listLength = 40;
const instructionListLength = 20;

/**
 * A profile for people: plain text of lines up to some 110 characters.
 * @param symbols names for addresses; without them, addresses
 */
export function profileReport(profile: Profile, symbols = new SymbolTable()): string {
  const parts = [tierTable(profile), placeTable(profile, symbols), instructionTable(profile), regionTable(profile)];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function tierTable({ duration, tiers: times, samples }: Profile): string[] {
  const shares = percentages(tiers.map((tier) => times[tier]));
  return [
    `Profile of ${seconds(duration)}, ${samples.length} samples`,
    "",
    ...tiers.map((tier, i) => `${descriptions[tier].padEnd(52)}${seconds(times[tier]).padStart(11)}${shares[i]!.padStart(8)} %`),
    `${"total".padEnd(52)}${seconds(duration).padStart(11)}${"100.0".padStart(8)} %`,
  ];
}

function placeTable(profile: Profile, symbols: SymbolTable): string[] {
  const places = hotPlaces(profile, symbols);
  const shown = places.slice(0, listLength);
  const rest = places.slice(listLength);
  const total = places.reduce((sum, { time }) => sum + time, 0);
  if (total === 0) return [];
  const shares = percentages(
    [...shown, ...(rest.length > 0 ? [{ time: rest.reduce((sum, { time }) => sum + time, 0) }] : [])].map(({ time }) => time),
  );
  const line = ({ tiers: times, name, isUser, hottest, hottestOffset }: HotPlace, share: string): string => {
    const columns = guestTiers.map((tier) => cell(times[tier] ?? 0, total)).join("");
    const where = hottestOffset === undefined ? `0x${hottest.toString(16)}` : `+0x${hottestOffset.toString(16)}`;
    return `${share.padStart(6)} %${columns}  ${isUser ? "user  " : "kernel"}  ${name.padEnd(36)}  ${where}`;
  };
  return [
    "Where the guest was, in per cent of its time",
    "",
    `   total${["compiled", "interp.", "runtime", "devices"].map((name) => name.padStart(9)).join("")}  space   ${"function, or page".padEnd(36)}  most at`,
    ...shown.map((place, i) => line(place, shares[i]!)),
    ...(rest.length > 0 ? [`${shares.at(-1)!.padStart(6)} %${"".padEnd(36)}          ${rest.length} more`] : []),
  ];
}

function instructionTable({ instructions }: Profile): string[] {
  if (instructions.length === 0) return [];
  const head = `${"instruction".padEnd(12)}${"times".padStart(12)}${"runtime".padStart(12)}${"devices".padStart(12)}${"each".padStart(12)}`;
  const rows = instructions.slice(0, instructionListLength).map(({ mnemonic, count, time, deviceTime }) => {
    const each = brief((time + deviceTime) / count);
    return `${mnemonic.padEnd(12)}${String(count).padStart(12)}${seconds(time).padStart(12)}${seconds(deviceTime).padStart(12)}${each.padStart(12)}`;
  });
  const more = instructions.length - rows.length;
  return ["Instructions performed by the runtime", "", head, ...rows, ...(more > 0 ? [`${more} more`] : [])];
}

function regionTable({ timeline, compilations, tiers: times }: Profile): string[] {
  const last = timeline.at(-1);
  if (last === undefined || last.regions.compiled === 0) return [];
  const { compiled, changed, instructions, bytes, entered, handedBack } = last.regions;
  const slowest = compilations.reduce((most, { duration }) => Math.max(most, duration), 0);
  return [
    "Compiled regions",
    "",
    `${compiled} compiled, ${(instructions / compiled).toFixed(0)} instructions and ${(bytes / compiled / 1000).toFixed(1)} kB of WebAssembly each; ${changed} given up, as their code changed`,
    `${brief((times.compiler + times["host-compiler"]) / compiled)} to compile one on average, ${brief(slowest)} at most`,
    `entered ${entered} times, for ${brief(times.compiled / Math.max(1, entered))} each; ${handedBack} times an instruction was handed back to the interpreter`,
  ];
}

const seconds = (time: number): string => `${(time / 1e9).toFixed(3)} s`;
const brief = (time: number): string => (time < 1e6 ? `${(time / 1e3).toFixed(2)} µs` : `${(time / 1e6).toFixed(2)} ms`);

function cell(time: number, total: number): string {
  const share = ((100 * time) / total).toFixed(1);
  return (share === "0.0" ? "." : share).padStart(9);
}

/** Shares of the sum in per cent with one decimal, rounded such that they add up to 100.0 (largest remainders). */
export function percentages(values: readonly number[]): string[] {
  const sum = values.reduce((a, b) => a + b, 0);
  if (sum <= 0) return values.map(() => "0.0");
  const exact = values.map((value) => (1000 * value) / sum);
  const floors = exact.map(Math.floor);
  let missing = 1000 - floors.reduce((a, b) => a + b, 0);
  const byRemainder = exact.map((value, i) => [value - floors[i]!, i] as const).sort((a, b) => b[0] - a[0]);
  for (const [, i] of byRemainder) if (missing-- > 0) floors[i]!++;
  return floors.map((tenths) => (tenths / 10).toFixed(1));
}
