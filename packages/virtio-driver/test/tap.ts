import type { DriverInterrupts, DriverQueueSetup, DriverTransport } from "../src/index.ts";

/** A transport that can be listened to, and lied through. */
export interface Tap<T extends DriverTransport> {
  readonly transport: T;
  /** Operations in order: name and arguments. */
  readonly log: string[];
  /** The driver's end of interrupts, to be called from outside. */
  readonly interrupts: DriverInterrupts;
  /** The queues as the driver laid them out. */
  readonly queues: ReadonlyMap<number, DriverQueueSetup>;
}

/** Puts a tap on a transport. What `lies` has takes the place of what the transport has. */
export function tap<T extends DriverTransport>(inner: T, lies: Partial<DriverTransport> = {}): Tap<T> {
  const log: string[] = [];
  const queues = new Map<number, DriverQueueSetup>();
  let listener: DriverInterrupts | undefined;
  const interrupts: DriverInterrupts = {
    queueInterrupt: (queue) => listener?.queueInterrupt(queue),
    configInterrupt: () => listener?.configInterrupt(),
  };
  const transport = new Proxy(inner, {
    get(target, name) {
      const member: unknown = name in lies ? lies[name as keyof DriverTransport] : Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        if (name === "listen") listener = args[0] as DriverInterrupts;
        else if (name === "setUpQueue") queues.set(args[0] as number, args[1] as DriverQueueSetup);
        if (name !== "listen") log.push([name, ...args.filter((arg) => typeof arg === "number")].join(" "));
        return member.apply(target, args);
      };
    },
  });
  return { transport, log, interrupts, queues };
}
