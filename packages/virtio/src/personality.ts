/** Which drivers a device serves (virtio 1.3.1): virtio 1.x ones, those from before 1.0, or both. */
export type Personality = "modern" | "transitional" | "legacy";

/** Through which of the two interfaces a driver talks. */
export type DriverInterface = "modern" | "legacy";
