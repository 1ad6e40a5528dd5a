import { RngDevice } from "../../../packages/device-rng/src/index.ts";
import { Finding } from "../engine/target.ts";
import { microtasks, type Rig } from "../harness/rig.ts";

/** Most bytes that the device may take for one buffer. */
const LIMIT = 5000;

/** The entropy device. */
export function rngRig(): Rig {
  let taken = 0;
  const source = {
    fill(target: Uint8Array): void {
      taken += target.length;
      target.fill(0xa5);
    },
  };
  return {
    device: new RngDevice({ source, maxBytesPerBuffer: LIMIT }),
    message: (input) => {
      const sizes = Array.from({ length: 1 + input.below(3) }, () => input.u16() % 2048);
      return sizes.map((size, i) => (i === 0 && input.below(8) === 1 ? { bytes: new Uint8Array(size) } : { room: size }));
    },
    act: () => {},
    settle: () => {},
    check: () => {
      if (taken > 1 << 26) throw new Finding("memory", `${taken} bytes of entropy were taken`);
    },
    prove: async (driver) => {
      driver.post(0, new Uint8Array(), 10);
      await microtasks();
      if (driver.answer(0).join() !== new Uint8Array(10).fill(0xa5).join()) throw new Finding("answer", "wrong random bytes");
    },
  };
}
