export { FlatMemory } from "./flat-memory.ts";
export { type Endian, type GuestMemory, GuestMemoryError, type WriteObserver } from "./memory.ts";
export { OffsetMemory } from "./offset-memory.ts";
export { type ReversedCopier, ReversedMemory } from "./reversed-memory.ts";
