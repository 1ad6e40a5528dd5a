export { MmioTransport, type MmioTransportOptions, type RegisterBus } from "./mmio-transport.ts";
