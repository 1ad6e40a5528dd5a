/** Entropy device (virtio 5.4): no features, no configuration; every buffer is to be filled with random bytes. */
export const ID = 4;
export const NAME = "entropy";

/** The one queue (5.4.2). */
export const QUEUE_REQUEST = 0;
