import { ByteWriter } from "./bytes.ts";
import { type FunctionType, type Limits, type ValueType, valueTypeCode } from "./types.ts";

interface FunctionBody {
  readonly type: number;
  readonly locals: readonly ValueType[];
  readonly code: Uint8Array;
}

function writeLimits(out: ByteWriter, limits: Limits): void {
  const flags = (limits.maximum === undefined ? 0 : 1) | (limits.shared ? 2 : 0);
  out.u8(flags);
  out.u32(limits.minimum);
  if (limits.maximum !== undefined) out.u32(limits.maximum);
}

/**
 * Collects the parts of a WebAssembly module and encodes them (WebAssembly core specification, chapter 5).
 * Imports must be declared before the first function, because imported functions come first in the index space.
 */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes = new ByteWriter();
  readonly #imports = new ByteWriter();
  #importCount = 0;
  #importedFunctions = 0;
  readonly #functions: (FunctionBody | undefined)[] = [];
  readonly #functionTypes: number[] = [];
  readonly #globals = new ByteWriter();
  #globalCount = 0;
  readonly #exports = new ByteWriter();
  #exportCount = 0;
  #memory: Limits | undefined;
  #table: Limits | undefined;
  readonly #elements: { offset: number; functions: readonly number[] }[] = [];
  readonly #data: { offset: number; bytes: Uint8Array }[] = [];

  /** Index of a function type; equal types share one. */
  type(type: FunctionType): number {
    const key = `${type.params.join()}>${type.results.join()}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#typeBytes.u8(0x60);
    for (const list of [type.params, type.results]) {
      this.#typeBytes.u32(list.length);
      for (const value of list) this.#typeBytes.u8(valueTypeCode[value]);
    }
    return this.#types.push(key) - 1;
  }

  #import(module: string, name: string, kind: number): void {
    this.#importCount++;
    this.#imports.name(module);
    this.#imports.name(name);
    this.#imports.u8(kind);
  }

  /** @returns the index of the imported function */
  importFunction(module: string, name: string, type: FunctionType): number {
    if (this.#functions.length > 0) throw new RangeError("imports must precede functions");
    this.#import(module, name, 0);
    this.#imports.u32(this.type(type));
    return this.#importedFunctions++;
  }

  importMemory(module: string, name: string, limits: Limits): void {
    this.#import(module, name, 2);
    writeLimits(this.#imports, limits);
  }

  /** Declares a memory of the module itself. */
  memory(limits: Limits): void {
    this.#memory = limits;
  }

  /** Declares the module's one table of functions. */
  table(limits: Limits): void {
    this.#table = limits;
  }

  /** Puts functions into the table from element `offset` on. */
  elements(offset: number, functions: readonly number[]): void {
    this.#elements.push({ offset, functions });
  }

  data(offset: number, bytes: Uint8Array): void {
    this.#data.push({ offset, bytes });
  }

  /** @returns the index of a new mutable global */
  global(type: ValueType, initial: number): number {
    this.#globals.u8(valueTypeCode[type]);
    this.#globals.u8(1);
    if (type === "i32") {
      this.#globals.u8(0x41);
      this.#globals.s32(initial);
    } else if (type === "i64") {
      this.#globals.u8(0x42);
      this.#globals.s64(initial);
    } else throw new RangeError(`globals of type ${type} are not supported`);
    this.#globals.u8(0x0b);
    return this.#globalCount++;
  }

  /** Reserves a function index, so that bodies can call each other; {@link define} gives the body later. */
  declare(type: FunctionType): number {
    this.#functionTypes.push(this.type(type));
    this.#functions.push(undefined);
    return this.#importedFunctions + this.#functions.length - 1;
  }

  /** @param code instructions without the final `end` */
  define(index: number, locals: readonly ValueType[], code: Uint8Array): void {
    const slot = index - this.#importedFunctions;
    const type = this.#functionTypes[slot];
    if (type === undefined || this.#functions[slot]) throw new RangeError(`function ${index} cannot be defined`);
    this.#functions[slot] = { type, locals, code };
  }

  exportFunction(name: string, index: number): void {
    this.#export(name, 0, index);
  }

  exportTable(name: string): void {
    this.#export(name, 1, 0);
  }

  exportMemory(name: string): void {
    this.#export(name, 2, 0);
  }

  #export(name: string, kind: number, index: number): void {
    this.#exportCount++;
    this.#exports.name(name);
    this.#exports.u8(kind);
    this.#exports.u32(index);
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter(4096);
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const section = (id: number, count: number, write: (body: ByteWriter) => void): void => {
      if (count === 0) return;
      const body = new ByteWriter(1024);
      body.u32(count);
      write(body);
      out.u8(id);
      out.u32(body.length);
      out.bytes(body.view());
    };
    section(1, this.#types.length, (body) => body.bytes(this.#typeBytes.view()));
    section(2, this.#importCount, (body) => body.bytes(this.#imports.view()));
    section(3, this.#functions.length, (body) => {
      for (const type of this.#functionTypes) body.u32(type);
    });
    section(4, this.#table ? 1 : 0, (body) => {
      body.u8(0x70);
      writeLimits(body, this.#table!);
    });
    section(5, this.#memory ? 1 : 0, (body) => writeLimits(body, this.#memory!));
    section(6, this.#globalCount, (body) => body.bytes(this.#globals.view()));
    section(7, this.#exportCount, (body) => body.bytes(this.#exports.view()));
    section(9, this.#elements.length, (body) => {
      for (const { offset, functions } of this.#elements) {
        body.bytes([0x00, 0x41]);
        body.s32(offset);
        body.u8(0x0b);
        body.u32(functions.length);
        for (const index of functions) body.u32(index);
      }
    });
    section(10, this.#functions.length, (body) => {
      for (const [slot, fn] of this.#functions.entries()) {
        if (!fn) throw new RangeError(`function ${slot + this.#importedFunctions} has no body`);
        writeBody(body, fn);
      }
    });
    section(11, this.#data.length, (body) => {
      for (const { offset, bytes } of this.#data) {
        body.bytes([0x00, 0x41]);
        body.s32(offset);
        body.u8(0x0b);
        body.u32(bytes.length);
        body.bytes(bytes);
      }
    });
    return out.toBytes();
  }
}

function writeBody(out: ByteWriter, fn: FunctionBody): void {
  const locals = new ByteWriter();
  const groups: [ValueType, number][] = [];
  for (const type of fn.locals) {
    const last = groups.at(-1);
    if (last && last[0] === type) last[1]++;
    else groups.push([type, 1]);
  }
  locals.u32(groups.length);
  for (const [type, count] of groups) {
    locals.u32(count);
    locals.u8(valueTypeCode[type]);
  }
  out.u32(locals.length + fn.code.length + 1);
  out.bytes(locals.view());
  out.bytes(fn.code);
  out.u8(0x0b);
}
