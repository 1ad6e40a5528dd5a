/**
 * Makes an input smaller as long as `holds` stays true for it: leaves out ever smaller pieces, then makes single bytes 0.
 * @param budget most calls of `holds`
 */
export async function shrink(
  input: Uint8Array,
  holds: (candidate: Uint8Array) => boolean | Promise<boolean>,
  budget: number,
): Promise<Uint8Array> {
  let best = input;
  let left = budget;
  const attempt = async (candidate: Uint8Array): Promise<boolean> => {
    if (left-- <= 0 || !(await holds(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = largestPowerOfTwo(best.length); size >= 1 && left > 0; size >>= 1) {
    for (let at = best.length - size; at > -size && left > 0; at -= size) {
      const from = Math.max(0, at);
      if (from >= best.length) continue;
      const candidate = new Uint8Array([...best.subarray(0, from), ...best.subarray(from + size)]);
      await attempt(candidate);
    }
  }
  for (let i = 0; i < best.length && left > 0; i++) {
    if (best[i] === 0) continue;
    const candidate = best.slice();
    candidate[i] = 0;
    await attempt(candidate);
  }
  return best;
}

function largestPowerOfTwo(limit: number): number {
  return limit < 1 ? 0 : 2 ** (31 - Math.clz32(limit));
}
