import { F_IN_ORDER, F_NOTIFICATION_DATA, F_RING_PACKED, F_RING_RESET, F_SUSPEND } from "@zarch/virtio";
import type { Patience } from "./patience.ts";
import { Session, type StartOptions } from "./session.ts";
import type { ConformanceTarget, Subject, Variant } from "./target.ts";
import { WatchedMemory } from "./watched-memory.ts";

/** Bytes of memory offered to a target. */
const MEMORY_SIZE = 1 << 20;

const EXTRA_FEATURES = [F_RING_PACKED, F_IN_ORDER, F_RING_RESET, F_SUSPEND, F_NOTIFICATION_DATA];

/** What a case has to work with: devices of the target, opened afresh. */
export class Rig {
  readonly target: ConformanceTarget;
  readonly variant: Variant;
  readonly patience: Patience;
  readonly sessions: Session[] = [];
  readonly #subjects: Subject[] = [];

  constructor(target: ConformanceTarget, variant: Variant, patience: Patience) {
    this.target = target;
    this.variant = variant;
    this.patience = patience;
  }

  /** A fresh device, as the target opens it, not even reset. */
  async open(variant = this.variant): Promise<Session> {
    const memory = new WatchedMemory(MEMORY_SIZE);
    const { driverInterface } = variant;
    const subject = await this.target.open({ driverInterface, features: driverInterface === "legacy" ? [] : EXTRA_FEATURES, memory });
    this.#subjects.push(subject);
    const session = new Session(subject, memory, variant, this.target, this.patience);
    this.sessions.push(session);
    return session;
  }

  /** A fresh device in service. */
  async start(options: StartOptions = {}, variant = this.variant): Promise<Session> {
    const session = await this.open(variant);
    await session.start(options);
    return session;
  }

  async close(): Promise<void> {
    for (const subject of this.#subjects) await subject.close?.();
  }
}
