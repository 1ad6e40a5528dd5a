/** Device status bits (virtio 2.1). */
export const STATUS_ACKNOWLEDGE = 1;
export const STATUS_DRIVER = 2;
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
export const STATUS_SUSPEND = 16;
export const STATUS_NEEDS_RESET = 64;
export const STATUS_FAILED = 128;
