import { type ChannelDevice, normalEnd } from "@zarch/channel-subsystem";
import { FlatMemory, type GuestMemory } from "@zarch/guest-memory";
import type { Clock, RegisterAccess } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import type { CpuExit, CpuLike } from "./cpu-like.ts";
import { formatDeviceAddress } from "./device-address.ts";
import type { InitialPsw } from "./ipl/ipl-program.ts";
import { rawProgram } from "./ipl/ipl-program.ts";
import { Machine } from "./machine.ts";
import type { MachineDevice } from "./machine-device.ts";
import type { MachineExit } from "./machine-events.ts";
import type { CpuPorts, MachineOptions } from "./machine-options.ts";

/** A clock that stands still but for `advance`. */
class TestClock implements Clock {
  time = 0;
  readonly #alarms = new Set<{ deadline: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  wallClock(): number {
    return this.time / 1e6;
  }

  setAlarm(deadline: number, callback: () => void): () => void {
    const alarm = { deadline, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  advance(ns: number): void {
    this.time += ns;
    for (const alarm of [...this.#alarms])
      if (alarm.deadline <= this.time) {
        this.#alarms.delete(alarm);
        alarm.callback();
      }
  }
}

type Step = (cpu: ScriptedCpu) => CpuExit;

/** A CPU that does one step of its script at each run; after the last it waits, disabled for interruptions. */
class ScriptedCpu implements CpuLike {
  readonly memory: GuestMemory;
  readonly ports: CpuPorts;
  readonly log: string[] = [];
  readonly registers: [number, number][] = Array.from({ length: 16 }, () => [0, 0]);
  current: InitialPsw = { maskHigh: 0, maskLow: 0, addressHigh: 0, addressLow: 0 };
  alarm: number | undefined;
  runs = 0;
  stops = 0;
  readonly #script: Step[];

  constructor(memorySize: number, script: Step[], ports: (memory: GuestMemory) => CpuPorts) {
    this.memory = new FlatMemory(memorySize);
    this.#script = script;
    this.ports = ports(this.memory);
  }

  run(): CpuExit {
    this.runs++;
    const step = this.#script.shift();
    return step === undefined ? "disabled-wait" : step(this);
  }

  stop(): void {
    this.stops++;
  }

  attention(): void {}

  nextAlarm(): number | undefined {
    return this.alarm;
  }

  reset(kind: string): void {
    this.log.push(`reset ${kind}`);
    if (kind === "clear") this.memory.fill(0, this.memory.size, 0);
  }

  loadPsw(psw: InitialPsw): void {
    this.current = psw;
    this.log.push(`psw ${psw.addressLow.toString(16)}`);
  }

  psw(): InitialPsw {
    return this.current;
  }

  /** DIAGNOSE r1,r3,code. Returns the program interruption code, 0 for none, undefined when the code is not there. */
  diagnose(code: number, r1 = 2, r3 = 4): number | undefined {
    const access: RegisterAccess = {
      high: (register) => this.registers[register]![0],
      low: (register) => this.registers[register]![1],
      set: (register, high, low) => {
        this.registers[register] = [high, low];
      },
    };
    return this.ports.diagnose.get(code)?.(access, r1, r3);
  }
}

function setUp(script: Step[], options: Partial<MachineOptions> = {}) {
  const clock = new TestClock();
  let cpu!: ScriptedCpu;
  const machine = new Machine(
    {
      memory: 0x10_0000,
      clock,
      entropy: { fill() {} },
      ipl: rawProgram({ bytes: Uint8Array.from([1, 2, 3]), address: 0x2000 }),
      ...options,
    },
    ({ memorySize, ports }) => {
      cpu = new ScriptedCpu(memorySize, script, ports);
      return cpu;
    },
  );
  const events: string[] = [];
  for (const name of ["running", "paused", "reset", "exit"] as const)
    machine.on(name, (event) => events.push(name === "reset" ? `reset ${(event as { kind: string }).kind}` : name));
  return { clock, cpu, machine, events };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const turns = async (count = 5) => {
  for (let index = 0; index < count; index++) await turn();
};

describe("machine: life cycle", () => {
  it("loads its program before the first instruction and ends with a power-off when the CPU is stopped", async () => {
    const { machine, cpu, events } = setUp([() => "budget", () => "stopped"]);
    expect(machine.state).toBe("loaded");
    expect(machine.memory.loadUint8(0x2001)).toBe(2);
    expect(cpu.current).toEqual({ maskHigh: 1, maskLow: 0x8000_0000, addressHigh: 0, addressLow: 0x2000 });
    expect(await machine.run()).toEqual({ reason: "power-off" });
    expect(machine.state).toBe("ended");
    expect(events).toEqual(["running", "exit"]);
    expect(() => machine.run()).toThrow(/it is ended/);
  });

  it("reports a disabled wait with its address, and takes the quiesced code for a power-off", async () => {
    const disabledWait =
      (at: InitialPsw): Step =>
      (cpu) => {
        cpu.loadPsw(at);
        return "disabled-wait";
      };
    const psw = { maskHigh: 0x0002_0001, maskLow: 0x8000_0000, addressHigh: 0x1, addressLow: 0xabc };
    const crash = setUp([disabledWait(psw)]);
    expect(await crash.machine.run()).toEqual({ reason: "disabled-wait", psw, code: "0000000100000abc" });
    const quiesced = setUp([disabledWait({ ...psw, addressHigh: 0, addressLow: 0xfff })]);
    expect(await quiesced.machine.run()).toEqual({ reason: "power-off" });
    const loop = setUp([() => "check-stop"]);
    expect((await loop.machine.run()).reason).toBe("check-stop");
  });

  it("gives the event loop a turn after each slice", async () => {
    let ticks = 0;
    const { machine } = setUp([
      () => {
        setImmediate(() => ticks++);
        return "budget";
      },
      () => {
        expect(ticks).toBe(1);
        return "stopped";
      },
    ]);
    await machine.run();
  });

  it("gives the event loop a turn also when microtasks keep waking the guest", async () => {
    let immediate = false;
    setImmediate(() => {
      immediate = true;
    });
    const script: Step[] = Array.from({ length: 1000 }, () => (cpu: ScriptedCpu) => {
      clock.time += 10_000;
      void Promise.resolve().then(() => cpu.ports.serviceCall.reset());
      machine.vt220Console!.input(Uint8Array.of(1));
      return immediate ? ("stopped" as const) : ("wait" as const);
    });
    const { machine, clock, cpu } = setUp(script, { vt220Console: { output() {} } });
    // The guest receives console input, so that typing wakes it.
    machine.memory.write(0x3000, Uint8Array.from([0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0x40]));
    cpu.ports.serviceCall.serviceCall(0x0078_0005, 0x3000);
    expect((await machine.run()).reason).toBe("power-off");
  });

  it("pauses between slices and goes on where it was", async () => {
    let seen: MachineExit | undefined;
    const { machine, events, cpu } = setUp([() => "budget", () => "budget", () => "wait", () => "stopped"]);
    void machine.run().then((exit) => {
      seen = exit;
    });
    await turn();
    await machine.pause();
    const { runs } = cpu;
    await turns();
    expect(cpu.runs).toBe(runs);
    expect(machine.state).toBe("paused");
    const exit = machine.run();
    await turns();
    await machine.pause();
    void machine.run();
    expect((await exit).reason).toBe("power-off");
    expect(seen).toEqual({ reason: "power-off" });
    expect(events.filter((name) => name === "paused")).toHaveLength(2);
  });

  it("an error inside the CPU comes out of run()", async () => {
    const { machine } = setUp([
      () => {
        throw new Error("broken");
      },
    ]);
    await expect(machine.run()).rejects.toThrow("broken");
  });

  it("close ends a running machine, detaches its devices and is final", async () => {
    const log: string[] = [];
    const { machine } = setUp(
      Array.from({ length: 50 }, () => () => "budget" as const),
      { devices: [testDevice(1, log)] },
    );
    const exit = machine.run();
    await turn();
    await machine.close();
    expect(await exit).toEqual({ reason: "closed" });
    expect(log).toEqual(["attach 1", "detach 1"]);
    expect(() => machine.run()).toThrow(/it is closed/);
    expect(() => machine.attach(testDevice(2, log))).toThrow(/closed/);
    await expect(machine.reset()).rejects.toThrow(/closed/);
    await machine.close();
  });

  it("is an async-disposable", async () => {
    const { machine } = setUp([]);
    {
      await using held = machine;
      expect(held.state).toBe("loaded");
    }
    expect(machine.state).toBe("closed");
  });
});

/** A device without a transport. */
function testDevice(devno: number, log: string[]): MachineDevice {
  return {
    attach({ channelSubsystem }) {
      const device: ChannelDevice = { senseId: { controlUnitType: 0x3832, controlUnitModel: 2 }, execute: () => normalEnd };
      channelSubsystem.attach(device, { devno });
      log.push(`attach ${devno}`);
      return {
        address: { cssid: 0xfe, ssid: 0, devno },
        detach: async () => {
          channelSubsystem.detach(device);
          await turn();
          log.push(`detach ${devno}`);
        },
      };
    },
  };
}

describe("machine: waiting", () => {
  it("sleeps until the timer alarm of the CPU and not longer", async () => {
    const { machine, cpu, clock } = setUp([
      (self) => {
        self.alarm = 5_000_000;
        return "wait";
      },
      () => "stopped",
    ]);
    const exit = machine.run();
    await turns();
    expect([cpu.runs, clock.alarms, machine.idleSince]).toEqual([1, 1, 0]);
    clock.advance(4_999_999);
    await turns();
    expect(cpu.runs).toBe(1);
    clock.advance(1);
    expect((await exit).reason).toBe("power-off");
  });

  it("lets a guest that is long idle sleep longer than it asked for, by the slack at most", async () => {
    const wakes: number[] = [];
    const { machine, clock } = setUp(
      Array.from({ length: 100 }, () => (self: ScriptedCpu) => {
        wakes.push(clock.time);
        self.alarm = clock.time + 4_000_000;
        return clock.time < 180_000_000 ? ("wait" as const) : ("stopped" as const);
      }),
    );
    const exit = machine.run();
    await turns();
    while (machine.state === "running") {
      clock.advance(1_000_000);
      await turns(3);
    }
    await exit;
    const gaps = wakes.slice(1).map((time, index) => (time - wakes[index]!) / 1e6);
    expect(gaps.slice(0, 25)).toEqual(new Array(25).fill(4));
    expect(gaps.slice(26, -1).every((gap) => gap === 20)).toBe(true);
  });

  it("wakes for an attention, and leaves no alarm behind", async () => {
    const { machine, cpu, clock } = setUp([
      (self) => {
        self.alarm = 5_000_000;
        return "wait";
      },
      () => "stopped",
    ]);
    const exit = machine.run();
    await turns();
    machine.memory.write(0x3000, Uint8Array.from([0, 8]));
    cpu.ports.serviceCall.serviceCall(0, 0x3000);
    expect((await exit).reason).toBe("power-off");
    expect(clock.alarms).toBe(0);
  });

  it("does not sleep through an attention that came during the run", async () => {
    const { machine } = setUp([
      (self) => {
        self.memory.write(0x3000, Uint8Array.from([0, 8]));
        self.ports.serviceCall.serviceCall(0, 0x3000);
        return "wait";
      },
      () => "stopped",
    ]);
    expect((await machine.run()).reason).toBe("power-off");
  });
});

describe("machine: console", () => {
  const hello = Uint8Array.from([0, 19, 0, 0, 0, 0, 0, 0, 0, 11, 0x1a, 0, 0, 0, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);

  it("a slow consumer of output holds the guest back", async () => {
    const written: string[] = [];
    let release!: () => void;
    const { machine, cpu } = setUp(
      [
        (self) => {
          self.memory.write(0x3000, hello);
          self.ports.serviceCall.serviceCall(0x0076_0005, 0x3000);
          return "wait";
        },
        () => "stopped",
      ],
      {
        vt220Console: {
          output: (bytes) => {
            written.push(String.fromCharCode(...bytes));
            return new Promise((resolve) => {
              release = resolve;
            });
          },
        },
      },
    );
    const exit = machine.run();
    await turns(10);
    expect(written).toEqual(["Hello"]);
    expect(cpu.runs).toBe(1);
    // Held back or not, it can be paused.
    await machine.pause();
    expect(cpu.runs).toBe(1);
    void machine.run();
    await turns(10);
    expect(cpu.runs).toBe(1);
    release();
    expect((await exit).reason).toBe("power-off");
  });
});

describe("machine: DIAGNOSE", () => {
  it("0x44 and 0x9C yield, 0x318 takes the control-program name, others are left to the CPU", () => {
    const { machine, cpu } = setUp([]);
    expect([cpu.diagnose(0x44), cpu.diagnose(0x9c)]).toEqual([0, 0]);
    cpu.registers[2] = [0x0400_0000, 7];
    expect(cpu.diagnose(0x318)).toBe(0);
    expect(machine.controlProgramName).toEqual({ high: 0x0400_0000, low: 7 });
    expect(cpu.diagnose(0x288)).toBeUndefined();
    expect(cpu.diagnose(0x8)).toBeUndefined();
  });

  it("0x500 answers an unknown function with -EINVAL, also one that differs in the upper half", () => {
    const { cpu } = setUp([]);
    for (const [high, low] of [
      [0, 99],
      [1, 3],
    ] as const) {
      cpu.registers[1] = [high, low];
      cpu.registers[2] = [0, 0];
      expect(cpu.diagnose(0x500)).toBe(0);
      expect(cpu.registers[2]).toEqual([0xffff_ffff, 0xffff_ffea]);
    }
  });

  it("LEGACY-S390-HCALL-DEV-001..003: 0x500 has its number in register 1, arguments from register 2 on, and its result in register 2", () => {
    const seen: number[][] = [];
    const hypercall = (registers: RegisterAccess): void => {
      seen.push([2, 3, 4, 5, 6, 7].map((register) => registers.low(register)));
      registers.set(2, 0xffff_ffff, 0xffff_fffe);
    };
    const { cpu } = setUp([], { hypercalls: new Map([[77, hypercall]]) });
    for (let register = 2; register <= 7; register++) cpu.registers[register] = [0, 10 * register];
    cpu.registers[1] = [0, 77];
    expect(cpu.diagnose(0x500)).toBe(0);
    expect([seen, cpu.registers[2]]).toEqual([[[20, 30, 40, 50, 60, 70]], [0xffff_ffff, 0xffff_fffe]]);
  });

  it("LEGACY-S390-HCALL-DEV-001..003: so have those of the descriptor page", () => {
    const { cpu } = setUp([], { descriptorPage: {}, devices: [] });
    const page = 0x10_0000;
    for (const [number, argument] of [
      [0, page + 4096],
      [1, page],
      [2, page],
    ] as const) {
      cpu.registers[1] = [0, number];
      cpu.registers[2] = [0, argument];
      expect(cpu.diagnose(0x500)).toBe(0);
      // There is no device on it.
      expect(cpu.registers[2]).toEqual([0xffff_ffff, 0xffff_ffea]);
    }
    // Early console output works without one.
    cpu.registers[1] = [0, 0];
    cpu.registers[2] = [0, 0x1000];
    expect([cpu.diagnose(0x500), cpu.registers[2]]).toEqual([0, [0, 0]]);
  });

  it("CCW-G2H-FACT-DRV-002: 0x500 function 3 for a subchannel without device is refused", () => {
    const { cpu } = setUp([]);
    cpu.registers[1] = [0, 3];
    cpu.registers[2] = [0xdead, 0x0001_0000];
    expect(cpu.diagnose(0x500)).toBe(0);
    expect(cpu.registers[2]).toEqual([0xffff_ffff, 0xffff_ffea]);
  });

  const diag308 =
    (subcode: number): Step =>
    (cpu) => {
      cpu.registers[4] = [0, subcode];
      expect(cpu.diagnose(0x308)).toBe(0);
      return "stopped";
    };

  it.each([
    [0, "reset cpu"],
    [1, "reset initial-cpu"],
  ])("0x308 subcode %i resets and loads the PSW at absolute 0", async (subcode, reset) => {
    const { machine, cpu, events } = setUp([diag308(subcode), () => "stopped"]);
    machine.memory.write(0, Uint8Array.from([0x00, 0x0a, 0, 0, 0x80, 0x01, 0x00, 0x10]));
    await machine.run();
    expect(cpu.log.slice(1)).toEqual([reset, "psw 10010"]);
    expect(cpu.current).toEqual({ maskHigh: 0x0002_0000, maskLow: 0x8000_0000, addressHigh: 0, addressLow: 0x1_0010 });
    expect(cpu.stops).toBe(1);
    expect(events).toContain(subcode === 0 ? "reset modified-clear" : "reset load-normal");
  });

  it("0x308 subcode 3 clears storage and loads the program again", async () => {
    const { machine, cpu } = setUp([diag308(3), () => "stopped"]);
    machine.memory.fill(0x1000, 0x2000, 0xff);
    await machine.run();
    expect(cpu.log).toEqual(["psw 2000", "reset clear", "psw 2000"]);
    expect([0x1000, 0x2000, 0x2003].map((address) => machine.memory.loadUint8(address))).toEqual([0, 1, 0]);
  });

  it("0x308 subcode 3 ends the machine when it was told to; a reset by the host brings it back", async () => {
    const { machine, cpu } = setUp([diag308(3), () => "stopped"], { onGuestReset: "exit" });
    expect(await machine.run()).toEqual({ reason: "reset", reset: "load-clear" });
    expect(cpu.log).toEqual(["psw 2000"]);
    await machine.reset();
    expect(machine.state).toBe("loaded");
    expect(await machine.run()).toEqual({ reason: "power-off" });
  });

  it("0x308 subcodes 5 and 6 say that there is no parameter block, and check their operand", () => {
    const { machine, cpu } = setUp([]);
    const call = (subcode: number, address: number, r1 = 2) => {
      cpu.registers[r1] = [0, address];
      cpu.registers[4] = [0, subcode];
      const code = cpu.diagnose(0x308, r1, 4);
      return code === 0 ? cpu.registers[r1 + 1] : code;
    };
    expect(call(6, 0x3000)).toEqual([0, 0x0102]);
    machine.memory.storeUint32(0x3000, 0xc8, "big");
    expect(call(5, 0x3000)).toEqual([0, 0x0402]);
    machine.memory.storeUint32(0x3000, 0xffff_ffff, "big");
    expect(call(5, 0x3000)).toEqual([0, 0x0402]);
    expect(call(6, 0x3001)).toBe(6);
    expect(call(6, 0x3000, 3)).toBe(6);
    expect(call(6, 0x10_0000)).toBe(5);
    expect(call(4, 0x3000)).toBe(6);
    cpu.registers[4] = [1, 3];
    expect(cpu.diagnose(0x308)).toBe(6);
  });

  it("0x288 watchdog: starts, is fed, is cancelled, and resets the machine when it expires", async () => {
    const { machine, cpu, clock, events } = setUp([() => "wait", () => "wait", () => "stopped"], { watchdog: true });
    const call = (operation: number, seconds: number, action = 0) => {
      cpu.registers[2] = [0, operation];
      cpu.registers[3] = [0, seconds];
      cpu.registers[4] = [0, action];
      return cpu.diagnose(0x288);
    };
    expect([call(1, 30), call(2, 0), call(0, 14), call(0, 30, 1), call(3, 30)]).toEqual([6, 6, 6, 6, 6]);
    expect([call(0, 30), call(2, 0)]).toEqual([0, 0]);
    const exit = machine.run();
    await turns();
    call(0, 15);
    clock.advance(14e9);
    call(1, 15);
    clock.advance(14e9);
    await turns();
    expect(events).not.toContain("reset watchdog");
    clock.advance(1e9);
    await turns();
    expect(events).toContain("reset watchdog");
    await machine.pause();
    void machine.run();
    await machine.pause();
    void machine.run();
    expect((await exit).reason).toBe("power-off");
  });
});

describe("machine: devices", () => {
  it("attaches and detaches while it runs, and says so", async () => {
    const log: string[] = [];
    const { machine } = setUp(Array.from({ length: 100 }, () => () => "budget" as const));
    machine.on("deviceAttached", ({ address }) => log.push(`event attached ${formatDeviceAddress(address)}`));
    machine.on("deviceDetached", ({ address }) => log.push(`event detached ${formatDeviceAddress(address)}`));
    void machine.run();
    await turn();
    const address = machine.attach(testDevice(5, log));
    expect(machine.devices).toEqual([address]);
    await machine.detach(address);
    expect(machine.devices).toEqual([]);
    await expect(machine.detach(address)).rejects.toThrow("there is no device fe.0.0005");
    expect(log).toEqual(["attach 5", "event attached fe.0.0005", "detach 5", "event detached fe.0.0005"]);
    await machine.close();
  });
});
