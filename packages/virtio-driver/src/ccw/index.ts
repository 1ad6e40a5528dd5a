export { CcwInterruptions, type InterruptionReceiver } from "./ccw-interruptions.ts";
export { CcwTransport, type CcwTransportOptions } from "./ccw-transport.ts";
