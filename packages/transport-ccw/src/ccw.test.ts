import { PmcwFlags } from "@zarch/channel-subsystem";
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

  it("allots the lowest free device number, and refuses one that is taken", () => {
    const { channel, memory } = new CcwGuest();
    const host = { channelSubsystem: channel, memory };
    expect(ccw(new ReverseDevice(), { devno: 2 }).attach(host).address.devno).toBe(2);
    expect(ccw(new ReverseDevice()).attach(host).address.devno).toBe(1);
    expect(() => ccw(new ReverseDevice(), { devno: 2 }).attach(host)).toThrow(expect.objectContaining({ code: "ERR_CHANNEL_ADDRESS" }));
    expect(() => ccw(new ReverseDevice(), { devno: 0x1_0000 }).attach(host)).toThrow(HostError);
    expect(() => ccw(new ReverseDevice(), { devno: "nonsense" })).toThrow(expect.objectContaining({ code: "ERR_DEVICE_ADDRESS" }));
  });

  it("hot plug and unplug are reported to a guest that runs, and the device can be used again", async () => {
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
