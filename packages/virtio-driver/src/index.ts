export type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "./transport.ts";
