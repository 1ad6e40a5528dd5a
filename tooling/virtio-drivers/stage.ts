import type { Endian, GuestMemory } from "../../packages/guest-memory/src/index.ts";
import { type ConfigLayout, toHex, type VirtioDevice } from "../../packages/virtio/src/index.ts";
import { VirtioDriver, type VirtioDriverOptions } from "../../packages/virtio-driver/src/index.ts";
import { openRig, type Rig, type RigOptions, type Way } from "./rigs.ts";

/** A device with the host's side of it, and what can happen to the two. */
export interface Play<Scene> {
  readonly device: VirtioDevice;
  readonly config: ConfigLayout;
  /** Plays a scene on both sides: what the driver asks goes over the stage. */
  perform(scene: Scene, stage: Stage): void | Promise<void>;
  /** The host lets go on, by one, what it holds back. False when there is nothing. */
  proceed?(): Promise<boolean>;
  /** What the host has seen and has in the end, in lines. */
  outcome(): readonly string[];
}

export interface PlayOptions extends RigOptions, Pick<VirtioDriverOptions, "features" | "without" | "queues"> {
  readonly memory: GuestMemory;
}

/** Bits that belong to the device type, not to rings and transports (2.2). */
const DEVICE_TYPE_FEATURES = 24;

/**
 * The driver's side of a play. Writes down, in words that do not depend on transport, rings or byte order, all that the driver gets to see:
 * answers in the order in which they come, bytes, used lengths, configuration.
 */
export class Stage {
  readonly log: string[] = [];
  readonly #rig: Rig;
  readonly #driver: VirtioDriver;
  readonly #play: Play<never>;
  #requests = 0;
  /** How many configuration changes the driver had heard of when it began anew. */
  #changesBefore = 0;

  private constructor(rig: Rig, driver: VirtioDriver, play: Play<never>) {
    this.#rig = rig;
    this.#driver = driver;
    this.#play = play;
    const negotiated = [...driver.features].filter((bit) => bit < DEVICE_TYPE_FEATURES);
    this.log.push(`type ${driver.deviceId}, features ${negotiated}`);
  }

  static async open(play: Play<never>, way: Way, options: PlayOptions): Promise<Stage> {
    const rig = await openRig(play.device, way, options);
    const { features = [], without = [], queues } = options;
    return new Stage(rig, await VirtioDriver.open(rig.transport, { features, without, ...(queues === undefined ? {} : { queues }) }), play);
  }

  get endian(): Endian {
    return this.#driver.endian;
  }

  /** Sends a request, and writes down its end whenever that comes. */
  request(queue: number, out: readonly Uint8Array[], into: readonly number[]): void {
    const name = `request ${this.#requests++}`;
    this.#driver.request(queue, out, into, { fill: 0xa5 }).then(
      ({ data, written }) => this.log.push(`${name}: ${written} written, ${toHex(data)}`),
      () => this.log.push(`${name}: lost`),
    );
  }

  /** The whole configuration as the driver sees it, in the byte order of the modern interface. */
  async readConfig(): Promise<void> {
    const { transport } = this.#driver;
    const fields: string[] = [];
    for (const [name, { offset, width, count = 1 }] of Object.entries(this.#play.config)) {
      for (let i = 0; i < count; i++) {
        const bytes = await transport.readConfig(offset + i * width, width);
        fields.push(`${name} ${toHex(this.endian === "little" ? bytes : bytes.reverse())}`);
      }
    }
    this.log.push(`${this.#driver.configChanges - this.#changesBefore} changes: ${fields.join(", ")}`);
  }

  async writeConfig(name: string, value: number): Promise<void> {
    const { offset, width } = this.#play.config[name] as ConfigLayout[string];
    await this.#driver.writeConfig(offset, width, value);
  }

  /** Resets the device, whatever it is doing, and begins anew. What the host holds back goes on when the device knows of the reset. */
  async reset(): Promise<void> {
    const begun = this.#driver.initialize();
    let ended = false;
    const end = begun.finally(() => {
      ended = true;
    });
    while (!ended && this.#rig.frontend.resetting === undefined) await turn();
    while (await this.#play.proceed?.()) await settle();
    await end;
    await settle();
    // A modern device that needs a reset says so with one notification more than a legacy device, which has no words for it.
    this.#changesBefore = this.#driver.configChanges;
    this.log.push("reset");
  }

  async close(): Promise<void> {
    await this.#driver.close();
    await settle();
  }
}

/**
 * Plays scenes on a device behind a transport.
 * @returns what driver and host have to tell of it
 */
export async function perform<Scene>(play: Play<Scene>, scenes: readonly Scene[], way: Way, options: PlayOptions): Promise<string[]> {
  const stage = await Stage.open(play, way, options);
  for (const scene of scenes) {
    await play.perform(scene, stage);
    await settle();
  }
  while (await play.proceed?.()) await settle();
  await stage.readConfig();
  await stage.close();
  return [...stage.log, ...play.outcome()];
}

/** A turn of the event loop, which is as long as any transport takes for one step. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Lets everything happen that can. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await turn();
}
