import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expression, FunctionBuilder, f64, i8x16, i32, i64, ModuleBuilder, select, type ValueType, v128 } from "./index.ts";

/** Builds a module with one function and calls it. */
function run<T>(params: readonly ValueType[], result: ValueType, build: (f: FunctionBuilder) => void, ...args: readonly unknown[]): T {
  const module = new ModuleBuilder();
  const type = { params, results: [result] };
  module.memory({ minimum: 1 });
  const index = module.declare(type);
  const f = new FunctionBuilder(type);
  build(f);
  module.define(index, f.locals, f.code);
  module.exportFunction("f", index);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
  return (exports.f as (...args: readonly unknown[]) => T)(...args);
}

const i32Binary = [
  "add",
  "sub",
  "mul",
  "and",
  "or",
  "xor",
  "shl",
  "shrS",
  "shrU",
  "eq",
  "ne",
  "ltS",
  "ltU",
  "gtS",
  "gtU",
  "leS",
  "leU",
  "geS",
  "geU",
] as const;

describe("sixteen bytes at a time", () => {
  it("finds a byte among sixteen", () => {
    const bytes = (f: FunctionBuilder): void => {
      f.storeI64(i32.const(0), i64.const(0x0102_0304_0506_0708n));
      f.storeI64(i32.const(8), i64.const(0x0102_0304_0506_0708n));
    };
    const mask = (operator: "eq" | "ne"): number =>
      run(
        ["i32"],
        "i32",
        (f) => {
          bytes(f);
          f.push(i8x16.bitmask(i8x16[operator](v128.load(i32.const(0)), i8x16.splat(f.param(0, "i32").value))));
        },
        0x106,
      );
    expect(mask("eq")).toBe(0b0000_0100_0000_0100);
    expect(mask("ne")).toBe(0b1111_1011_1111_1011);
    const both = run(
      ["i32"],
      "i32",
      (f) => {
        bytes(f);
        const loaded = v128.load(i32.const(0));
        const [a, b] = [i8x16.eq(loaded, i8x16.splat(i32.const(1))), i8x16.eq(loaded, i8x16.splat(i32.const(8)))];
        f.push(i32.or(i32.shl(i8x16.bitmask(v128.or(a, b)), 16), i8x16.bitmask(v128.and(a, b))));
      },
      0,
    );
    expect((both as number) >>> 0).toBe(0b1000_0001_1000_0001_0000_0000_0000_0000);
  });
});

describe("constant folding", () => {
  it("i32 operators give at build time what they give at run time", () => {
    fc.assert(
      fc.property(fc.constantFrom(...i32Binary), fc.integer(), fc.integer(), (name, a, b) => {
        const folded = i32[name](a, b);
        expect(folded.constant).toBeDefined();
        const live = run<number>(["i32", "i32"], "i32", (f) => f.push(i32[name](f.param(0, "i32").value, f.param(1, "i32").value)), a, b);
        expect(folded.constant).toBe(live);
      }),
    );
  });

  it("i64 operators give at build time what they give at run time", () => {
    const names = ["add", "sub", "mul", "and", "or", "xor", "shl", "shrS", "shrU"] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (name, a, b) => {
          const live = run<bigint>(["i64", "i64"], "i64", (f) => f.push(i64[name](f.param(0, "i64").value, f.param(1, "i64").value)), a, b);
          expect(i64[name](a, b).constant).toBe(live);
        },
      ),
    );
  });

  it("64-bit constants of every size are encoded exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(run<bigint>([], "i64", (f) => f.push(i64.const(value)))).toBe(value);
      }),
    );
  });

  it("an if with a constant condition builds the taken side only", () => {
    const built: string[] = [];
    const result = run<number>([], "i32", (f) => {
      const x = f.local("i32");
      f.if(
        i32.eq(1, 2),
        () => built.push("then"),
        () => {
          built.push("else");
          f.set(x, i32.const(7));
        },
      );
      f.push(x.value);
    });
    expect(built).toEqual(["else"]);
    expect(result).toBe(7);
  });
});

describe("control structures", () => {
  it("brTable goes to the label of its index, and to the default beyond", () => {
    const choose = (index: number): number =>
      run(
        ["i32"],
        "i32",
        (f) => {
          f.block((other) => {
            f.block((one) => {
              f.block((zero) => f.brTable(f.param(0, "i32").value, [zero, one], other));
              f.return(i32.const(100));
            });
            f.return(i32.const(101));
          });
          f.push(i32.const(-1));
        },
        index,
      );
    expect([0, 1, 2, -5].map(choose)).toEqual([100, 101, -1, -1]);
  });

  it("a loop repeats by its label and ends without", () => {
    const sum = run<number>(
      ["i32"],
      "i32",
      (f) => {
        const n = f.param(0, "i32");
        const total = f.local("i32");
        f.loop((again) => {
          f.set(total, i32.add(total.value, n.value));
          f.set(n, i32.sub(n.value, 1));
          f.brIf(again, n.value);
        });
        f.push(total.value);
      },
      100,
    );
    expect(sum).toBe(5050);
  });

  it("temporaries of a scope are used again by the next, and hold their values within one", () => {
    const f = new FunctionBuilder({ params: ["i32"], results: ["i32"] });
    for (let i = 0; i < 10; i++)
      f.scope(() => {
        const a: Expression<"i32"> = f.let(i32.add(f.param(0, "i32").value, i));
        const b = f.let(i32.mul(a, a));
        f.drop(i32.add(a, b));
      });
    expect(f.locals.length).toBe(2);
  });
});

describe("storage", () => {
  it("knows what its locals are called, and where in its code the next statement begins", () => {
    const f = new FunctionBuilder({ params: ["i32"], results: [] });
    f.param(0, "i32", "base");
    f.local("i64");
    const counter = f.local("i32", "counter");
    expect([...f.names]).toEqual([
      [0, "base"],
      [2, "counter"],
    ]);
    expect(f.position).toBe(0);
    f.set(counter, i32.const(1));
    expect(f.position).toBe(f.code.length);
  });

  it("stores and loads every width, little-endian, signed and unsigned", () => {
    const result = run<bigint>([], "i64", (f) => {
      f.storeI64(i32.const(0), i64.const(-2n));
      f.storeI32(i32.const(8), i32.const(0x80), 8);
      f.push(i64.add(i64.load8S(i32.const(8)), i64.load16U(i32.const(0))));
    });
    expect(result).toBe(0xfffen - 128n);
  });

  it("select and conversions", () => {
    expect(run<number>([], "f64", (f) => f.push(f64.convertI32S(select(i32.const(-3), i32.const(4), i32.const(1)))))).toBe(-3);
  });
});

describe("prologues", () => {
  it("run before what was built before them", () => {
    const result = run<number>(
      ["i32"],
      "i32",
      (f) => {
        const x = f.local("i32");
        f.block((end) => f.brIf(end, i32.eqz(f.param(0, "i32").value)));
        f.push(i32.add(x.value, 1));
        f.prologue(() => f.set(x, i32.const(41)));
      },
      1,
    );
    expect(result).toBe(42);
  });

  it("are refused inside a control structure", () => {
    const f = new FunctionBuilder({ params: [], results: [] });
    f.block(() => expect(() => f.prologue(() => {})).toThrow(RangeError));
  });
});

describe("modules", () => {
  it("imports before functions, and every declared function defined, or a clear error", () => {
    const module = new ModuleBuilder();
    module.declare({ params: [], results: [] });
    expect(() => module.importFunction("env", "late", { params: [], results: [] })).toThrow(RangeError);
    expect(() => module.toBytes()).toThrow(/no body/);
  });

  it("globals, tables and elements", () => {
    const module = new ModuleBuilder();
    const type = { params: [], results: ["i32"] } as const;
    const counter = module.global("i32", 40);
    const index = module.declare(type);
    const f = new FunctionBuilder(type);
    f.setGlobal(counter, i32.const(42));
    f.push(i32.const(5));
    module.define(index, f.locals, f.code);
    module.table({ minimum: 1, maximum: 1 });
    module.elements(0, [index]);
    module.exportTable("table");
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
    expect((exports.table as WebAssembly.Table).get(0)()).toBe(5);
  });
});
