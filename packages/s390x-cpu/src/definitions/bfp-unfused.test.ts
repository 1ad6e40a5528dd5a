/** The tests of the native halves, as on a host whose multiply-add rounds twice. */
import { vi } from "vitest";

vi.mock("../engine/fused-multiply-add.ts", () => ({ hostFusesMultiplyAdd: () => false }));

await import("./bfp-native.test.ts");
