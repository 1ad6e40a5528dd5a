/** Bytes of one descriptor, split or packed (virtio 2.7.5, 2.8.13). */
export const DESCRIPTOR_SIZE = 16;

/** Offsets of the fields that both formats have in one place: 64-bit address, 32-bit length. */
export const DESC_ADDRESS = 0;
export const DESC_LENGTH = 8;

/** Descriptor flags, the same values in both formats. */
export const DESC_F_NEXT = 1 << 0;
export const DESC_F_WRITE = 1 << 1;
export const DESC_F_INDIRECT = 1 << 2;
