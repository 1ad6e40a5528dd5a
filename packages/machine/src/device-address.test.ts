import { expect, it } from "vitest";
import { formatDeviceAddress, parseDeviceAddress } from "./device-address.ts";

it.each([
  ["fe.0.0001", "fe.0.0001"],
  ["FE.3.BEEF", "fe.3.beef"],
  ["0.0.12", "fe.0.0012"],
])("reads the device address %s", (text, formatted) => {
  expect(formatDeviceAddress(parseDeviceAddress(text))).toBe(formatted);
});

it.each(["", "0001", "fe.4.0001", "fe.0.10000", "01.0.0001", "fe.0.000g", "fe.0.0001 "])("refuses the device address %j", (text) => {
  expect(() => parseDeviceAddress(text)).toThrow(expect.objectContaining({ code: "ERR_DEVICE_ADDRESS" }));
});
