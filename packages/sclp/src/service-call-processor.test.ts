import { FlatMemory } from "@zarch/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CommandWord,
  decodeEbcdic,
  type EbcdicCodePage,
  type EventSource,
  encodeEbcdic,
  eventMask,
  LineModeConsole,
  ResponseCode,
  type ScpConfiguration,
  ServiceCallProcessor,
  SignalQuiesce,
  storageIncrement,
  Vt220Console,
} from "./index.ts";

const page = 0x3000;
const mebibyte = 0x10_0000;

/** A control program that talks to the SCLP as Linux does: one page for the SCCB, one command at a time. */
class Program {
  readonly memory: FlatMemory;
  readonly sclp: ServiceCallProcessor;
  attentions = 0;

  constructor(events: readonly EventSource[] = [], configuration: Partial<ScpConfiguration> = {}) {
    this.memory = new FlatMemory(mebibyte);
    this.sclp = new ServiceCallProcessor({
      memory: this.memory,
      configuration: { memorySize: 512 * mebibyte, cpus: [0], ...configuration },
      attention: { raise: () => this.attentions++ },
      events,
    });
  }

  /** Issues a command and takes its service signal. Returns the SCCB as the command left it. */
  call(command: number, sccb: Uint8Array, address = page): { response: number; length: number; bytes: Uint8Array; signal: number } {
    this.memory.write(address, sccb);
    expect(this.sclp.serviceCall(command, address)).toBe(0);
    expect(this.sclp.serviceSignalPending()).toBe(true);
    const signal = this.sclp.takeServiceSignal();
    expect((signal & ~7) >>> 0).toBe(address);
    const bytes = new Uint8Array(Math.min(sccb.length, this.memory.size - address));
    this.memory.read(address, bytes);
    return { response: this.memory.loadUint16(address + 6, "big"), length: this.memory.loadUint16(address, "big"), bytes, signal };
  }

  receive(mask: number): void {
    const sccb = block(28);
    sccb.set([0, 4], 10);
    new DataView(sccb.buffer).setUint32(12, mask);
    expect(this.call(CommandWord.writeEventMask, sccb).response).toBe(ResponseCode.normalCompletion);
  }

  readEvents(options: { length?: number; functionCode?: number; mask?: number } = {}) {
    const sccb = block(options.length ?? 4096);
    sccb[2] = options.functionCode ?? 0;
    sccb[5] = 0x80;
    if (options.mask !== undefined) new DataView(sccb.buffer).setUint32(8, options.mask);
    const result = this.call(CommandWord.readEventData, sccb);
    const events: { type: number; data: Uint8Array }[] = [];
    const view = new DataView(result.bytes.buffer);
    if (result.response === ResponseCode.normalCompletion)
      for (let at = 8; at < result.length; at += view.getUint16(at))
        events.push({ type: result.bytes[at + 2]!, data: result.bytes.slice(at + 6, at + view.getUint16(at)) });
    return { ...result, events };
  }
}

/** An SCCB of `length` bytes: its length field set, all else zero. */
function block(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([length >> 8, length & 0xff]);
  return bytes;
}

function eventBuffer(type: number, data: Uint8Array, length = data.length + 6): Uint8Array {
  return Uint8Array.from([length >> 8, length & 0xff, type, 0, 0, 0, ...data]);
}

function writeEvents(...buffers: Uint8Array[]): Uint8Array {
  const sccb = block(8 + buffers.reduce((sum, buffer) => sum + buffer.length, 0));
  let at = 8;
  for (const buffer of buffers) {
    sccb.set(buffer, at);
    at += buffer.length;
  }
  return sccb;
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A message data block: general object, then one message text object per line, as Linux builds it. */
function messageBlock(lines: readonly string[], codePage: EbcdicCodePage = "500"): Uint8Array {
  const general = new Uint8Array(56);
  general.set([0, 56, 0, 1]);
  const objects = lines.map((line) => {
    const text = encodeEbcdic(line, codePage);
    const length = text.length + 10;
    return [length >> 8, length & 0xff, 0, 4, 0x10, 0, 0, 0, 0, 0, ...text];
  });
  const body = [...general, ...objects.flat()];
  const length = 12 + body.length;
  return Uint8Array.from([length >> 8, length & 0xff, 0, 1, 0xd4, 0xc4, 0xc2, 0x40, 0, 0, 0, 1, ...body]);
}

describe("SCLP: READ SCP INFO", () => {
  it.each([CommandWord.readScpInfo, CommandWord.readScpInfoForced])("command %i describes storage and CPUs", (command) => {
    const program = new Program([], { cpus: [0, 2], highestCpu: 7, loadparm: "PROMPT" });
    const { response, bytes } = program.call(command, block(4096));
    const view = new DataView(bytes.buffer);
    expect(response).toBe(ResponseCode.normalReadCompletion);
    expect(view.getUint16(8) * view.getUint8(10)).toBe(512);
    expect(view.getUint16(16)).toBe(2);
    expect(view.getUint16(18)).toBe(128);
    expect(decodeEbcdic(bytes.subarray(24, 32), "037")).toBe("PROMPT  ");
    expect(view.getUint32(48) & 0x0800_0000).not.toBe(0);
    expect(view.getUint8(99)).toBe(44);
    expect(view.getUint16(120)).toBe(7);
    expect([bytes[128], bytes[144]]).toEqual([0, 2]);
  });

  it("covers all of storage by increments, at most 1,020 of them, also where the size takes the wide field", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1020 }), fc.integer({ min: 0, max: 22 }), (count, shift) => {
        const memorySize = count * mebibyte * 2 ** shift;
        const program = new Program([], { memorySize });
        const view = new DataView(program.call(CommandWord.readScpInfo, block(4096)).bytes.buffer);
        const increments = view.getUint16(8) || Number(view.getBigUint64(104));
        const size = view.getUint8(10) || view.getUint32(100);
        expect(increments).toBeLessThanOrEqual(1020);
        expect(increments * size * mebibyte).toBe(memorySize);
        expect(storageIncrement(memorySize)).toBe(size * mebibyte);
      }),
    );
  });

  it("says with facilities byte 134 that DIAGNOSE 0x318 is there, and moves the CPU entries behind it", () => {
    const { bytes } = new Program([], { facilities134: 0x80 }).call(CommandWord.readScpInfo, block(4096));
    expect(new DataView(bytes.buffer).getUint16(18)).toBe(144);
    expect(bytes[134]).toBe(0x80);
  });

  it("answers an SCCB without room for every CPU with 'insufficient SCCB length' and stores nothing else", () => {
    const { response, bytes } = new Program([], { cpus: [0, 1] }).call(CommandWord.readScpInfo, block(128 + 31));
    expect(response).toBe(ResponseCode.insufficientSccbLength);
    expect(bytes.subarray(8)).toEqual(new Uint8Array(128 + 31 - 8));
  });

  it("tells the length it needs when extended-length SCCBs are there and the response may vary in length", () => {
    const sccb = block(16);
    sccb[5] = 0x80;
    const { response, length } = new Program([], { extendedLengthSccb: true }).call(CommandWord.readScpInfo, sccb);
    expect([response, length]).toEqual([ResponseCode.insufficientSccbLength, 160]);
  });

  it("accepts an SCCB across pages only with the extended-length facility", () => {
    const long = block(8192);
    expect(new Program().call(CommandWord.readScpInfo, long).response).toBe(ResponseCode.boundaryViolation);
    const extended = new Program([], { extendedLengthSccb: true });
    expect(extended.call(CommandWord.readScpInfo, long).response).toBe(ResponseCode.normalReadCompletion);
    expect(extended.call(CommandWord.writeEventMask, long).response).toBe(ResponseCode.boundaryViolation);
  });

  it("refuses a configuration that cannot be described", () => {
    expect(() => new Program([], { memorySize: 0 })).toThrow(/memory size/);
    expect(() => new Program([], { memorySize: 1021 * mebibyte })).toThrow(/storage increment, 2 MiB/);
    expect(() => new Program([], { cpus: [] })).toThrow(/CPU/);
    expect(() => new Program([], { cpus: [1, 1] })).toThrow(/same address/);
    expect(() => new Program([], { loadparm: "123456789" })).toThrow(/longer than 8/);
  });
});

describe("SCLP: READ CPU INFO", () => {
  it("lists configured CPUs at the offset it names and no standby CPU", () => {
    const { response, bytes } = new Program([], { cpus: [0, 5] }).call(CommandWord.readCpuInfo, block(4096));
    const view = new DataView(bytes.buffer);
    expect(response).toBe(ResponseCode.normalReadCompletion);
    expect([view.getUint16(8), view.getUint16(10), view.getUint16(12), view.getUint16(14)]).toEqual([2, 24, 0, 56]);
    expect([bytes[24], bytes[40]]).toEqual([0, 5]);
  });

  it("needs room for the list", () => {
    expect(new Program().call(CommandWord.readCpuInfo, block(39)).response).toBe(ResponseCode.insufficientSccbLength);
  });
});

describe("SCLP: service calls", () => {
  it("answers unknown commands, and ignores the parameter byte of the command word", () => {
    const program = new Program();
    expect(program.call(0x0003_0001, block(4096)).response).toBe(ResponseCode.invalidCommand);
    expect(program.call(CommandWord.readScpInfo | 0x4200, block(4096)).response).toBe(ResponseCode.normalReadCompletion);
    expect(program.attentions).toBe(2);
  });

  it("is busy until the service signal of the last command was taken", () => {
    const { memory, sclp } = new Program();
    memory.write(page, block(4096));
    expect(sclp.serviceCall(CommandWord.readScpInfo, page)).toBe(0);
    expect(sclp.serviceCall(CommandWord.readScpInfo, page)).toBe(2);
    expect(sclp.takeServiceSignal()).toBe(page);
    expect(sclp.takeServiceSignal()).toBe(0);
    expect(sclp.serviceCall(CommandWord.readScpInfo, page)).toBe(0);
    sclp.reset();
    expect(sclp.serviceSignalPending()).toBe(false);
  });

  it("answers a block that crosses a page with 'boundary violation'", () => {
    const program = new Program();
    expect(program.call(CommandWord.readScpInfo, block(24), page + 4096 - 16).response).toBe(ResponseCode.boundaryViolation);
  });

  it("asks for program interruptions for blocks shorter than a header or outside storage", () => {
    const { memory, sclp } = new Program([], { extendedLengthSccb: true });
    memory.write(page, Uint8Array.from([0, 7]));
    expect(sclp.serviceCall(CommandWord.readScpInfo, page)).toBe(-6);
    expect(sclp.serviceCall(CommandWord.readScpInfo, memory.size)).toBe(-5);
    memory.write(memory.size - 4096, Uint8Array.from([0x20, 0]));
    expect(sclp.serviceCall(CommandWord.readScpInfo, memory.size - 4096)).toBe(-5);
    expect(sclp.serviceSignalPending()).toBe(false);
  });

  it("runs a command that the machine adds", () => {
    const memory = new FlatMemory(mebibyte);
    const sclp = new ServiceCallProcessor({
      memory,
      configuration: { memorySize: mebibyte, cpus: [0] },
      attention: { raise() {} },
      commands: new Map([[0x001a_0001, (sccb) => (sccb.view.getUint32(8) === 7 ? 0x0020 : 0x09f0)]]),
    });
    memory.write(page, block(16));
    memory.storeUint32(page + 8, 7, "big");
    sclp.serviceCall(0x001a_0001, page);
    expect(memory.loadUint16(page + 6, "big")).toBe(0x0020);
  });

  it("bad-inputs: any block with any command gives no exception and writes nothing outside the block", () => {
    const commands = [...Object.values(CommandWord), 0x0004_0001, 0xffff_ffff];
    const output: Uint8Array[] = [];
    fc.assert(
      fc.property(
        fc.constantFrom(...commands),
        fc.uint8Array({ minLength: 8, maxLength: 300 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.boolean(),
        (command, bytes, length, honest) => {
          const console = new Vt220Console({ output: (text) => output.push(text) });
          const line = new LineModeConsole({ output: (text) => output.push(text) });
          const program = new Program([line, console, new SignalQuiesce()]);
          program.receive(0xffff_ffff);
          console.input(ascii("typed"));
          line.input(ascii("typed\n"));
          program.memory.fill(0, program.memory.size, 0xaa);
          program.memory.write(page, bytes);
          const claimed = honest ? bytes.length : length;
          program.memory.storeUint16(page, claimed, "big");
          const result = program.sclp.serviceCall(command, page);
          expect([0, -5, -6]).toContain(result);
          const end = page + Math.max(8, Math.min(4096, claimed));
          for (let at = end; at < end + 64; at++) if (at >= page + bytes.length) expect(program.memory.loadUint8(at)).toBe(0xaa);
          expect(program.memory.loadUint8(page - 1)).toBe(0xaa);
        },
      ),
    );
  });
});

describe("SCLP: WRITE EVENT MASK", () => {
  const sources = () => [new LineModeConsole({ output() {} }), new Vt220Console({ output() {} }), new SignalQuiesce()];

  it.each([1, 2, 4, 8, 1021])("stores the masks of the SCLP in %i bytes", (length) => {
    const sccb = block(4096);
    sccb.set([length >> 8, length & 0xff], 10);
    sccb.fill(0xff, 12 + 2 * length);
    const { response, bytes } = new Program(sources()).call(CommandWord.writeEventMask, sccb);
    expect(response).toBe(ResponseCode.normalCompletion);
    const padded = (mask: number) => Uint8Array.from({ length }, (_, index) => (index < 4 ? (mask >>> (24 - 8 * index)) & 0xff : 0));
    // Receives messages (2), priority messages (9) and ASCII data (26); sends commands (1), 9, 26 and quiesce (29).
    expect(bytes.slice(12 + 2 * length, 12 + 3 * length)).toEqual(padded(0x4080_0040));
    expect(bytes.slice(12 + 3 * length, 12 + 4 * length)).toEqual(padded(0x8080_0048));
  });

  it("refuses mask lengths of 0 and above 1,021, and blocks without room for four masks", () => {
    const program = new Program(sources());
    const withLength = (size: number, length: number) => {
      const sccb = block(size);
      sccb.set([length >> 8, length & 0xff], 10);
      return program.call(CommandWord.writeEventMask, sccb).response;
    };
    expect(withLength(4096, 0)).toBe(ResponseCode.invalidMaskLength);
    expect(withLength(4096, 1022)).toBe(ResponseCode.invalidMaskLength);
    expect(withLength(27, 4)).toBe(ResponseCode.insufficientSccbLength);
    expect(program.call(CommandWord.writeEventMask, block(11)).response).toBe(ResponseCode.insufficientSccbLength);
  });

  it("signals an event that had been waiting for the program to receive its type", () => {
    const quiesce = new SignalQuiesce();
    const program = new Program([quiesce]);
    quiesce.request();
    expect(program.sclp.serviceSignalPending()).toBe(false);
    expect(program.sclp.events.receives(0x1d)).toBe(false);
    program.receive(eventMask(0x1d));
    expect(program.sclp.events.receives(0x1d)).toBe(true);
    expect(program.readEvents().events).toEqual([{ type: 0x1d, data: Uint8Array.from([0, 0, 0]) }]);
  });
});

describe("SCLP: READ EVENT DATA", () => {
  it("signals pending input, stores it, shortens the block and clears the request for it", () => {
    const console = new Vt220Console({ output() {} });
    const program = new Program([console]);
    program.receive(eventMask(0x1a));
    expect(program.sclp.serviceSignalPending()).toBe(false);
    expect(console.input(ascii("ls\r"))).toBe(3);
    expect(program.sclp.takeServiceSignal()).toBe(1);
    const { events, length, bytes, signal } = program.readEvents();
    expect(events).toEqual([{ type: 0x1a, data: Uint8Array.from([0, ...ascii("ls\r")]) }]);
    expect([length, bytes[5], signal & 1]).toEqual([8 + 6 + 4, 0, 0]);
  });

  it("says 'no event buffers stored' when nothing is pending or the program receives nothing", () => {
    const console = new Vt220Console({ output() {} });
    const program = new Program([console]);
    console.input(ascii("x"));
    expect(program.readEvents().response).toBe(ResponseCode.noEventBuffersStored);
    program.receive(eventMask(0x1a));
    program.readEvents();
    expect(program.readEvents().response).toBe(ResponseCode.noEventBuffersStored);
  });

  it("keeps what does not fit and says in the signal that there is more", () => {
    const console = new Vt220Console({ output() {}, inputCapacity: 8192 });
    const program = new Program([console]);
    program.receive(eventMask(0x1a));
    const typed = Uint8Array.from({ length: 6000 }, (_, index) => index & 0x7f);
    expect(console.input(typed)).toBe(6000);
    const first = program.readEvents();
    expect(first.signal & 1).toBe(1);
    const second = program.readEvents();
    expect(second.signal & 1).toBe(0);
    const got = [...first.events, ...second.events].flatMap((event) => [...event.data.subarray(1)]);
    expect(got).toEqual([...typed]);
  });

  it("selective read takes only the types in its mask, which must be types that the program receives", () => {
    const console = new Vt220Console({ output() {} });
    const quiesce = new SignalQuiesce();
    const program = new Program([console, quiesce]);
    expect(program.readEvents({ functionCode: 1, mask: eventMask(0x1d) }).response).toBe(ResponseCode.invalidSelectionMask);
    program.receive((eventMask(0x1a) | eventMask(0x1d)) >>> 0);
    console.input(ascii("x"));
    quiesce.request();
    expect(program.readEvents({ functionCode: 1, mask: eventMask(0x1d) }).events.map((event) => event.type)).toEqual([0x1d]);
    expect(program.readEvents({ functionCode: 1, mask: eventMask(0x02) }).response).toBe(ResponseCode.invalidSelectionMask);
    expect(program.readEvents({ functionCode: 2 }).response).toBe(ResponseCode.invalidFunction);
    expect(program.readEvents().events.map((event) => event.type)).toEqual([0x1a]);
  });

  it("leaves an event pending for which the block has no room", () => {
    const line = new LineModeConsole({ output() {} });
    const program = new Program([line]);
    program.receive(eventMask(0x01));
    line.input(ascii("a command\n"));
    expect(program.readEvents({ length: 20 }).response).toBe(ResponseCode.insufficientSccbLength);
    expect(program.readEvents().events).toHaveLength(1);
  });

  it("asks for the rest of the input when there is room again, and loses no byte", () => {
    const typed = Uint8Array.from({ length: 1000 }, (_, index) => index & 0x7f);
    let offered = 0;
    const console = new Vt220Console({
      output() {},
      inputCapacity: 64,
      inputReady: () => {
        offered += console.input(typed.subarray(offered));
      },
    });
    const program = new Program([console]);
    program.receive(eventMask(0x1a));
    offered += console.input(typed);
    expect(offered).toBe(64);
    const got: number[] = [];
    while (got.length < 1000) for (const event of program.readEvents({ length: 80 }).events) got.push(...event.data.subarray(1));
    expect(got).toEqual([...typed]);
  });
});

describe("SCLP: WRITE EVENT DATA", () => {
  it("prints ASCII console data and marks the buffer as accepted", () => {
    const output: string[] = [];
    const program = new Program([new Vt220Console({ output: (bytes) => output.push(latin1(bytes)) })]);
    const { response, bytes } = program.call(CommandWord.writeEventData, writeEvents(eventBuffer(0x1a, ascii("hello\r\n"))));
    expect([response, bytes[11]]).toEqual([ResponseCode.normalCompletion, 0x80]);
    expect(output).toEqual(["hello\r\n"]);
  });

  it.each([0x04, 0x1c, 0x0b, 0x20, 0xff, 0])("answers an event of the unsupported type %i with 'invalid function'", (type) => {
    const output: string[] = [];
    const program = new Program([new Vt220Console({ output: (bytes) => output.push(latin1(bytes)) }), new SignalQuiesce()]);
    const sccb = writeEvents(eventBuffer(0x1a, ascii("1")), eventBuffer(type, new Uint8Array(4)), eventBuffer(0x1a, ascii("2")));
    const { response, bytes } = program.call(CommandWord.writeEventData, sccb);
    expect(response).toBe(ResponseCode.invalidFunction);
    expect([bytes[8 + 3], bytes[8 + 7 + 3], bytes[8 + 7 + 10 + 3]]).toEqual([0x80, 0, 0]);
    expect(output).toEqual(["1"]);
  });

  it("acts on no buffer when the lengths are wrong", () => {
    const output: string[] = [];
    const program = new Program([new Vt220Console({ output: (bytes) => output.push(latin1(bytes)) })]);
    const good = eventBuffer(0x1a, ascii("1"));
    const write = (...buffers: Uint8Array[]) => program.call(CommandWord.writeEventData, writeEvents(...buffers)).response;
    expect(write(good, eventBuffer(0x1a, ascii("2"), 5))).toBe(ResponseCode.eventBufferSyntaxError);
    expect(write(good, eventBuffer(0x1a, ascii("2"), 8))).toBe(ResponseCode.eventBufferSyntaxError);
    expect(write(good, Uint8Array.from([0, 0, 0]))).toBe(ResponseCode.inconsistentLengths);
    const function1 = writeEvents(good);
    function1[2] = 1;
    expect(program.call(CommandWord.writeEventData, function1).response).toBe(ResponseCode.invalidFunction);
    expect(output).toEqual([]);
  });
});

describe("SCLP: line-mode console", () => {
  const collect = () => {
    const output: string[] = [];
    const line = new LineModeConsole({ output: (bytes) => output.push(new TextDecoder().decode(bytes)) });
    const program = new Program([line]);
    program.receive(0x8080_0000);
    return { output, line, program };
  };

  it.each([0x02, 0x09])("prints each message text object of a message of type %i as a line", (type) => {
    const { output, program } = collect();
    const { response } = program.call(
      CommandWord.writeEventData,
      writeEvents(eventBuffer(type, messageBlock(["Linux [1] {é}", "", "two"]))),
    );
    expect(response).toBe(ResponseCode.normalCompletion);
    expect(output.join("")).toBe("Linux [1] {é}\n\ntwo\n");
  });

  it("refuses message data blocks whose lengths do not fit into each other", () => {
    const { output, program } = collect();
    const write = (data: Uint8Array) => program.call(CommandWord.writeEventData, writeEvents(eventBuffer(0x02, data))).response;
    const change = (at: number, value: number) => {
      const data = messageBlock(["text"]);
      data[at] = value;
      return data;
    };
    for (const data of [
      new Uint8Array(11),
      change(1, 11),
      change(0, 1),
      change(13, 0),
      change(13, 3),
      change(13, 255),
      change(69, 9),
      change(69, 15),
    ])
      expect(write(data)).toBe(ResponseCode.inconsistentLengths);
    expect(output).toEqual([]);
  });

  /** Finds the text as Linux does: MDS-MU, in it CP-MSU, in it the text command, in it the subvectors 0x31 and 0x30. */
  function commandText(data: Uint8Array): string {
    const view = new DataView(data.buffer, data.byteOffset);
    let at = 0;
    let end = data.length;
    for (const id of [0x1310, 0x1212, 0x1320]) {
      expect(view.getUint16(at + 2)).toBe(id);
      expect(view.getUint16(at)).toBe(end - at);
      at += 4;
    }
    for (const key of [0x31, 0x30]) {
      expect(view.getUint8(at + 1)).toBe(key);
      end = at + view.getUint8(at);
      expect(end).toBe(data.length);
      at += 2;
    }
    return decodeEbcdic(data.subarray(at, end), "500");
  }

  const read = (program: Program) => program.readEvents().events.map((event) => commandText(event.data));

  it("sends each typed line as an operator command in EBCDIC", () => {
    const { line, program } = collect();
    const typed = new TextEncoder().encode("ls -l [a-z]*\r\n\necho Grüße €\nunfinished");
    expect(line.input(typed)).toBe(typed.length);
    expect(read(program)).toEqual(["ls -l [a-z]*", "", "echo Grüße ?"]);
    line.endOfInput();
    expect(read(program)).toEqual(["unfinished"]);
  });

  it("turns control keys into what Linux takes for them, and edits the line", () => {
    const { line, program } = collect();
    line.input(ascii("sleep 9\x03cax\x7ft\x15cat\n\x04pending\x1a"));
    expect(read(program)).toEqual(["sleep 9^n", "^c", "cat", "^d", "pending^n", "^z"]);
  });

  it("delivers a long line in pieces that join again", () => {
    const { line, program } = collect();
    const text = "0123456789".repeat(60);
    line.input(ascii(`${text}\n`));
    const pieces = read(program);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.slice(0, -1).every((piece) => piece.endsWith("^n") && piece.length <= 251)).toBe(true);
    expect(pieces.map((piece, index) => (index < pieces.length - 1 ? piece.slice(0, -2) : piece)).join("")).toBe(text);
  });

  it("bounds the input that waits, and asks for more when there is room", () => {
    let ready = 0;
    const line = new LineModeConsole({ output() {}, inputCapacity: 32, inputReady: () => ready++ });
    const program = new Program([line]);
    program.receive(eventMask(0x01));
    const typed = ascii("command\n".repeat(100));
    const accepted = line.input(typed);
    expect(accepted).toBe(32);
    expect(line.input(typed.subarray(accepted))).toBe(0);
    expect(program.readEvents().events).toHaveLength(4);
    expect(ready).toBe(1);
    expect(line.input(typed.subarray(accepted))).toBe(32);
  });

  it("echoes typed characters when asked to", () => {
    let shown = "";
    const line = new LineModeConsole({ output: (bytes) => (shown += new TextDecoder().decode(bytes)), echo: true });
    line.input(new TextEncoder().encode("lä\x7fs\r"));
    expect(shown).toBe("lä\b \bs\n");
  });
});

describe("EBCDIC", () => {
  it.each(["037", "500"] as const)("code page %s maps one to one onto Latin-1", (codePage) => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
    const encoded = encodeEbcdic(all, codePage);
    expect(new Set(encoded).size).toBe(255);
    // Line feed and next line are both shown as an end of line; all else survives the way there and back.
    expect(decodeEbcdic(encoded, codePage)).toBe(all.replace("\x85", "\n"));
  });

  it("places the brackets where the code pages differ", () => {
    expect([...encodeEbcdic("A[]!|", "037")]).toEqual([0xc1, 0xba, 0xbb, 0x5a, 0x4f]);
    expect([...encodeEbcdic("A[]!|", "500")]).toEqual([0xc1, 0x4a, 0x5a, 0x4f, 0xbb]);
  });
});
