import { ChannelDriver, ChannelSubsystem, PmcwFlags } from "@zarch/channel-subsystem";
import { FlatMemory } from "@zarch/guest-memory";
import { HostError } from "@zarch/vmm-interface";
import { describe, expect, it } from "vitest";
import { CcwGuest, ReverseDevice } from "./ccw-guest.test-support.ts";
import { ccw, formatCcwAddress, parseCcwAddress } from "./index.ts";

describe("device numbers", () => {
  it("reads fe.x.xxxx and the guest's own name of the same device", () => {
    expect(parseCcwAddress("fe.1.abcd")).toEqual({ cssid: 0xfe, ssid: 1, devno: 0xabcd });
    expect(parseCcwAddress("0.0.1")).toEqual({ cssid: 0xfe, ssid: 0, devno: 1 });
    expect(formatCcwAddress(parseCcwAddress("FE.3.00F"))).toBe("fe.3.000f");
  });

  it.each(["", "fe", "fe.0", "fe.4.0001", "fe.0.10000", "fe.0.xyz", "1.0.0001", "fe.0.0001 ", "fe.0.-1"])("refuses %j", (text) => {
    expect(() => parseCcwAddress(text)).toThrow(HostError);
  });
});

describe("ccw()", () => {
  it("shows what the first virtio-ccw guests saw: PIM 80, PAM 80, POM ff, CHPIDs 00", () => {
    const { channel, memory } = new CcwGuest();
    const { subchannel, address } = ccw(new ReverseDevice(), { devno: "fe.0.0815" }).attach({ channelSubsystem: channel, memory });
    expect(address).toEqual({ cssid: 0xfe, ssid: 0, devno: 0x0815 });
    const schib = new Uint8Array(52);
    expect(channel.storeSubchannel(subchannel.subsystemId, schib)).toBe(0);
    expect([...schib.subarray(4, 28)]).toEqual([
      0,
      PmcwFlags.deviceNumberValid,
      0x08,
      0x15, // device number
      0x80,
      0,
      0,
      0x80, // LPM, PNOM, LPUM, PIM
      0,
      0,
      0xff,
      0x80, // MBI, POM, PAM
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0, // CHPIDs
      0,
      0,
      0,
      0,
    ]);
    expect(subchannel.pmcw.paths).toEqual([{ chpid: 0, type: 0x32 }]);
  });

  it("S002-012..014, S002-020..026, S002-029, S002-033, S002-034: four devices, as lscss lists them", () => {
    const memory = new FlatMemory(0x4000);
    const host = { channelSubsystem: new ChannelSubsystem({ memory, attention: { raise() {} }, defer() {} }), memory };
    const wanted: [string, number][] = [
      ["fe.0.0000", 1],
      ["fe.0.0815", 2],
      ["fe.0.9999", 3],
      ["fe.1.abcd", 5],
    ];
    // Set-domain-attribute, operation 2: subchannel sets other than the first one.
    memory.write(0x3000, Uint8Array.of(0x04, 0x00, 0x00, 0x31, 0, 0, 0, 2));
    expect(host.channelSubsystem.channelSubsystemCall(0x3000)).toBe(0);
    const lines = wanted.map(([devno, deviceId]) => {
      const { subchannel, address } = ccw(Object.assign(new ReverseDevice(), { deviceId }), { devno }).attach(host);
      expect([formatCcwAddress(address), subchannel.pmcw.paths]).toEqual([devno, [{ chpid: 0, type: 0x32 }]]);
      const driver = new ChannelDriver(host.channelSubsystem, memory, subchannel.subsystemId);
      driver.enable();
      driver.run(0x1000, [{ command: 0xe4, count: 256, address: 0x2000 }]);
      const schib = new Uint8Array(52);
      host.channelSubsystem.storeSubchannel(subchannel.subsystemId, schib);
      const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
      const set = (subchannel.subsystemId >> 17) & 3;
      const name = (number: string): string => `0.${set}.${number}`;
      return [
        name(hex(schib.subarray(6, 8))),
        name((subchannel.subsystemId & 0xffff).toString(16).padStart(4, "0")),
        `${hex(memory.view(0x2004, 2))}/${hex(memory.view(0x2006, 1))}`,
        `${hex(memory.view(0x2001, 2))}/${hex(memory.view(0x2003, 1))}`,
        (schib[5]! & PmcwFlags.enabled) !== 0 ? "yes" : "",
        hex(Uint8Array.of(schib[11]!, schib[15]!, schib[14]!)),
        hex(schib.subarray(16, 24)),
      ].join(" ");
    });
    expect(lines).toEqual([
      "0.0.0000 0.0.0000 0000/00 3832/01 yes 8080ff 0000000000000000",
      "0.0.0815 0.0.0001 0000/00 3832/02 yes 8080ff 0000000000000000",
      "0.0.9999 0.0.0002 0000/00 3832/03 yes 8080ff 0000000000000000",
      "0.1.abcd 0.1.0000 0000/00 3832/05 yes 8080ff 0000000000000000",
    ]);
  });

  it("allots the lowest free device number, and refuses one that is taken", () => {
    const { channel, memory } = new CcwGuest();
    const host = { channelSubsystem: channel, memory };
    expect(ccw(new ReverseDevice(), { devno: 2 }).attach(host).address.devno).toBe(2);
    expect(ccw(new ReverseDevice()).attach(host).address.devno).toBe(1);
    expect(() => ccw(new ReverseDevice(), { devno: 2 }).attach(host)).toThrow(expect.objectContaining({ code: "ERR_CHANNEL_ADDRESS" }));
    expect(() => ccw(new ReverseDevice(), { devno: 0x1_0000 }).attach(host)).toThrow(HostError);
    expect(() => ccw(new ReverseDevice(), { devno: "nonsense" })).toThrow(expect.objectContaining({ code: "ERR_DEVICE_ADDRESS" }));
  });

  it("S002-008: hot plug and unplug are reported to a guest that runs, and the device can be used again", async () => {
    const guest = new CcwGuest();
    const device = ccw(new ReverseDevice(), { devno: 0x77 });
    const host = { channelSubsystem: guest.channel, memory: guest.memory };
    const first = device.attach(host);
    expect(() => device.attach(host)).toThrow(expect.objectContaining({ code: "ERR_DEVICE_ATTACHED" }));
    expect(guest.channel.storeChannelReportWord()).toBe(0x0304_0001);
    expect(first.notify(0)).toBe(-22);
    await first.detach();
    await first.detach();
    expect(guest.channel.storeChannelReportWord()).toBe(0x0304_0001);
    expect(guest.channel.find(first.subchannel.subsystemId)).toBe(undefined);
    expect(device.attach(host).address.devno).toBe(0x77);
  });
});
