/** A seeded generator of pseudo-random numbers (the counter-based mulberry32), so that a seed names a program. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }

  /** 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** 32 bits that are often at the edge of something. */
  edge32(): number {
    switch (this.below(8)) {
      case 0:
        return this.pick([0, 1, 2, 0xffff_ffff, 0xffff_fffe]);
      case 1:
        return this.pick([0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0x7fff_fffe]);
      case 2:
        return 2 ** this.below(32);
      case 3:
        return 2 ** this.below(32) - 1;
      case 4:
        return this.below(256);
      case 5:
        return this.pick([0x7fff, 0x8000, 0xffff, 0x1_0000, 0xff, 0x80, 0xffff_8000, 0xffff_ff80]);
      default:
        return this.next();
    }
  }

  /** 64 bits that are often at the edge of something. */
  edge64(): bigint {
    switch (this.below(8)) {
      case 0:
        return this.pick([0n, 1n, -1n, 1n << 63n, (1n << 63n) - 1n, 1n << 32n, 1n << 31n, (1n << 32n) - 1n]) & 0xffff_ffff_ffff_ffffn;
      case 1:
        return 1n << BigInt(this.below(64));
      case 2:
        return (1n << BigInt(this.below(64))) - 1n;
      case 3:
        return BigInt.asUintN(64, BigInt(this.edge32() | 0));
      default:
        return (BigInt(this.edge32()) << 32n) | BigInt(this.edge32());
    }
  }

  /** Bits of a finite short or long number, a short one on the left. */
  finiteFloat(isShort: boolean): bigint {
    const sign = BigInt(this.below(2)) << 63n;
    if (isShort)
      return (
        sign |
        (BigInt(this.pick([0, 1, 0x7f, 0xfe, this.below(255), 0x60 + this.below(64)])) << 55n) |
        ((this.edge64() & 0x7f_ffffn) << 32n)
      );
    const exponent = this.pick([0, 1, 0x3ff, 0x7fe, this.below(2047), 0x3e0 + this.below(64)]);
    return sign | (BigInt(exponent) << 52n) | (this.edge64() & 0xf_ffff_ffff_ffffn);
  }

  /** Bits of a long (or in its left half short) floating-point number: zeros, infinities, NaNs, subnormal and ordinary numbers. */
  edgeFloat(): bigint {
    const sign = BigInt(this.below(2)) << 63n;
    const fraction = this.edge64() & 0xf_ffff_ffff_ffffn;
    switch (this.below(8)) {
      case 0:
        return sign;
      case 1:
        return sign | (0x7ffn << 52n) | (this.oneIn(2) ? 0n : fraction);
      case 2:
        return sign | fraction;
      case 3:
        return sign | (BigInt(0x3ff + this.below(70)) << 52n);
      case 4:
        return sign | (0x7fen << 52n) | fraction;
      case 5:
        // The same for short numbers, on the left.
        return (
          (BigInt((this.below(2) << 31) >>> 0) |
            BigInt(this.pick([0, 0xff, 1, 0xfe, 0x7f, 0x80, 0x9d]) << 23) |
            BigInt(this.edge32() & 0x7f_ffff)) <<
          32n
        );
      default:
        return sign | (BigInt(0x3c0 + this.below(0x80)) << 52n) | fraction;
    }
  }
}
