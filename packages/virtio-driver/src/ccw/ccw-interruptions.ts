import type { AttentionPort, ChannelSubsystemPort } from "@zarch/vmm-interface";

/** Who gets interruptions: one driver of one device. */
export interface InterruptionReceiver {
  readonly subsystemId: number;
  /** The device has presented status. */
  subchannelInterruption(): void;
  /** An adapter, perhaps this one, has set its indicators. */
  adapterInterruption(): void;
}

const ALL_SUBCLASSES = 0xff;
const ADAPTER = 0x8000_0000;

/**
 * Takes the I/O interruptions of a channel subsystem, as the CPU of a machine would, and gives them to the transports of the devices
 * concerned. One for all devices of a channel subsystem; it is what the channel subsystem calls for attention.
 *
 * ```ts
 * const interruptions = new CcwInterruptions();
 * const channel = new ChannelSubsystem({ memory, attention: interruptions, defer });
 * ```
 */
export class CcwInterruptions implements AttentionPort {
  readonly #receivers = new Map<ChannelSubsystemPort, Map<number, InterruptionReceiver>>();
  #scheduled = false;

  /** Takes what is pending, soon: not in the middle of whatever the caller does. */
  raise(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.collect();
    });
  }

  /** Takes all that is pending now. */
  collect(): void {
    for (const [channel, receivers] of this.#receivers) {
      for (;;) {
        const interruption = channel.takeInterruption(ALL_SUBCLASSES);
        if (!interruption) break;
        const { identification, subsystemId } = interruption;
        if ((identification & ADAPTER) === 0) receivers.get(subsystemId)?.subchannelInterruption();
        else for (const receiver of receivers.values()) receiver.adapterInterruption();
      }
    }
  }

  /** From now on `receiver` gets the interruptions of its subchannel, instead of whoever had them before, and the adapter interruptions. */
  add(channel: ChannelSubsystemPort, receiver: InterruptionReceiver): void {
    const receivers = this.#receivers.get(channel) ?? new Map<number, InterruptionReceiver>();
    receivers.set(receiver.subsystemId, receiver);
    this.#receivers.set(channel, receivers);
  }

  /** Ends {@link add}. */
  remove(channel: ChannelSubsystemPort, receiver: InterruptionReceiver): void {
    const receivers = this.#receivers.get(channel);
    if (receivers?.get(receiver.subsystemId) !== receiver) return;
    receivers.delete(receiver.subsystemId);
    if (receivers.size === 0) this.#receivers.delete(channel);
  }
}
