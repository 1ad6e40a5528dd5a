import { guestTiers, type Profile, type ProfilePlace, type Tier } from "./profile.ts";
import type { SymbolTable } from "./symbols.ts";

/** A function, or where none is known a page of code, in which the guest was found. Times in nanoseconds. */
export interface HotPlace {
  /** The function's name, or the page's address in hexadecimal. */
  readonly name: string;
  readonly isUser: boolean;
  readonly time: number;
  readonly tiers: Readonly<Partial<Record<Tier, number>>>;
  /** Address in it that was found most often, and how far that is from the function's start, in bytes; undefined for a page. */
  readonly hottest: number;
  readonly hottestOffset: number | undefined;
}

interface Found {
  readonly name: string;
  readonly start: number | undefined;
  readonly isUser: boolean;
  readonly tiers: Map<Tier, number>;
  readonly addresses: Map<number, number>;
}

/** A place by the name of its function, or by its page. */
export function nameOf(place: ProfilePlace, symbols: SymbolTable): { readonly name: string; readonly start: number | undefined } {
  const found = symbols.find(place);
  if (found) return found;
  return { name: `0x${(place.address - (place.address % 4096)).toString(16)}`, start: undefined };
}

/** Where the guest spent its time, the most first. */
export function hotPlaces(profile: Profile, symbols: SymbolTable): HotPlace[] {
  const found = new Map<string, Found>();
  for (const { tier, weight, place } of profile.samples) {
    if (place === undefined) continue;
    const { name, start } = nameOf(place, symbols);
    const key = `${place.isUser} ${start} ${name}`;
    const entry = found.get(key) ?? { name, start, isUser: place.isUser, tiers: new Map(), addresses: new Map() };
    found.set(key, entry);
    entry.tiers.set(tier, (entry.tiers.get(tier) ?? 0) + weight);
    entry.addresses.set(place.address, (entry.addresses.get(place.address) ?? 0) + weight);
  }
  return [...found.values()]
    .map(({ name, start, isUser, tiers, addresses }) => {
      const [hottest] = [...addresses].reduce((most, each) => (each[1] > most[1] ? each : most));
      return {
        name,
        isUser,
        time: guestTiers.reduce((sum, tier) => sum + (tiers.get(tier) ?? 0), 0),
        tiers: Object.fromEntries(tiers),
        hottest,
        hottestOffset: start === undefined ? undefined : hottest - start,
      };
    })
    .sort((a, b) => b.time - a.time);
}
