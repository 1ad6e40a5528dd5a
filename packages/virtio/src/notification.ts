/** What an available buffer notification tells with VIRTIO_F_NOTIFICATION_DATA (virtio 2.9). */
export interface NotificationData {
  /** Queue index, or what the device gave the driver to use instead of it (VIRTIO_F_NOTIF_CONFIG_DATA). 16 bits. */
  readonly queue: number;
  /** Where the driver will put the next entry. Packed: an offset in the descriptor ring; split: the low 15 bits of the available index. */
  readonly nextOffset: number;
  /** Packed: the wrap counter at that place, 0 or 1; split: bit 15 of the available index. */
  readonly nextWrap: number;
}

/** @param value as transports carry it: 32 bits, the queue in the lowest 16, then the offset, and the wrap counter in the highest */
export function unpackNotification(value: number): NotificationData {
  return { queue: value & 0xffff, nextOffset: (value >>> 16) & 0x7fff, nextWrap: value >>> 31 };
}

/** The inverse of {@link unpackNotification}: an unsigned number of 32 bits. */
export function packNotification({ queue, nextOffset, nextWrap }: NotificationData): number {
  return ((nextWrap << 31) | ((nextOffset & 0x7fff) << 16) | (queue & 0xffff)) >>> 0;
}
