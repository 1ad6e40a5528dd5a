export { type DemoGuest, demoGuest } from "./demo-guest.ts";
export { demoDisk } from "./pattern.ts";
export { type DemoBus, type DemoDeviceType, type DemoResult, type DemoState, demoResults, type ReadableMemory } from "./results.ts";
