import { FlatMemory } from "@zarch/guest-memory";
import {
  createDeviceVirtqueue,
  createDriverVirtqueue,
  type DescriptorChain,
  type DriverVirtqueueConfig,
  inspectVirtqueue,
  renderLegacyRing,
  renderVirtqueue,
} from "../src/index.ts";

function queue(config: Partial<DriverVirtqueueConfig>) {
  const memory = new FlatMemory(0x10000);
  const areas = { descriptor: 0x1000, driver: 0x2000, device: 0x3000 };
  const all: DriverVirtqueueConfig = { size: 8, areas, endian: "little", ...config };
  const driver = createDriverVirtqueue<string>(memory, all);
  const device = createDeviceVirtqueue(memory, all);
  const draw = () => renderVirtqueue(inspectVirtqueue(memory, all, { device, driver }));
  return { memory, driver, device, draw };
}

const REQUEST = {
  out: [{ address: 0x8000, length: 16 }],
  into: [
    { address: 0x9000, length: 512 },
    { address: 0xa000, length: 1 },
  ],
};
const SMALL = { out: [], into: [{ address: 0xb000, length: 64 }] };

function splitDiagrams(): [string, string][] {
  const { driver, device, draw } = queue({ eventIndex: true });
  device.pop();
  driver.add(REQUEST.out, REQUEST.into, "request");
  driver.add(SMALL.out, SMALL.into, "small");
  driver.kickPrepare();
  const available = draw();
  const [request, small] = [...device] as [DescriptorChain, DescriptorChain];
  small.writable.fill(1, 40);
  device.push(small, 40);
  device.flush();
  const used = draw();
  driver.getBuf();
  request.writable.fill(1, 513);
  device.push(request, 513);
  return [
    ["split-available", available],
    ["split-used", used],
    ["split-staged", draw()],
  ];
}

function packedDiagrams(): [string, string][] {
  const { driver, device, draw } = queue({ format: "packed", size: 5, eventIndex: true });
  device.pop();
  driver.add(REQUEST.out, REQUEST.into, "request");
  driver.add(SMALL.out, SMALL.into, "small");
  driver.kickPrepare();
  const available = draw();
  const [request, small] = [...device] as [DescriptorChain, DescriptorChain];
  device.push(small, 40);
  device.flush();
  const used = draw();
  driver.getBuf();
  device.push(request, 513);
  device.flush();
  driver.getBuf();
  driver.add(REQUEST.out, REQUEST.into, "again");
  driver.kickPrepare();
  return [
    ["packed-available", available],
    ["packed-used", used],
    ["packed-wrap", draw()],
  ];
}

function malformedDiagram(): [string, string] {
  const { memory, driver, draw } = queue({});
  driver.add(REQUEST.out, REQUEST.into, "request");
  driver.kickPrepare();
  memory.storeUint16(0x1000 + 2 * 16 + 12, 3, "little");
  memory.storeUint16(0x1000 + 2 * 16 + 14, 1, "little");
  return ["malformed", draw()];
}

/** The diagrams of the README by name, as the renderer draws them. */
export function readmeDiagrams(): Map<string, string> {
  return new Map([...splitDiagrams(), ...packedDiagrams(), malformedDiagram(), ["legacy", renderLegacyRing(256, 4096)]]);
}

const BLOCK = /<!-- drawn: ([\w-]+) -->\n```text\n.*?```\n/gs;

/** A README with the diagrams in their places: fenced blocks behind comments with their names. */
export function withDiagrams(readme: string, diagrams: ReadonlyMap<string, string>): string {
  return readme.replace(BLOCK, (_, name: string) => {
    const diagram = diagrams.get(name);
    if (diagram === undefined) throw new Error(`the README wants a diagram ${name}, which nothing draws`);
    return `<!-- drawn: ${name} -->\n\`\`\`text\n${diagram}\`\`\`\n`;
  });
}

/** Names of the diagrams that a README has. */
export function diagramNames(readme: string): string[] {
  return [...readme.matchAll(BLOCK)].map(([, name]) => name as string);
}
