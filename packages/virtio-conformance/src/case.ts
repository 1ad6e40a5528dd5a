import type { DriverInterface } from "@zarch/virtio";
import type { VirtqueueFormat } from "@zarch/vring";
import type { Rig } from "./rig.ts";
import type { ConformanceTarget, Variant } from "./target.ts";
import { variantName } from "./target.ts";

/** Which variants and devices a case is about. */
export interface Scope {
  readonly driverInterface?: DriverInterface;
  readonly format?: VirtqueueFormat;
  /** Virtio device ID. */
  readonly deviceId?: number;
  /** What carries the device. */
  readonly transport?: string;
}

/** What came of an attack: served as if nothing were wrong (or ignored, where that is right), or refused in a defined way. */
export type Survival = "PASS" | "REJECT";

interface CaseBase {
  /** Requirement ids (`RNG-DEV-001`), possibly none. */
  readonly requirements: readonly string[];
  /** What has to be so. With the requirements, unique in the suite. */
  readonly title: string;
  readonly scope: Scope;
}

/** A rule of the specification. */
export interface RuleCase extends CaseBase {
  /** `"must"` also for statements of fact; what the specification only recommends is `"should"`. */
  readonly level: "must" | "should";
  run(rig: Rig): Promise<void>;
}

/** An attack on a device: it has to survive, and to work after a reset. */
export interface HostileCase extends CaseBase {
  readonly level: "hostile";
  run(rig: Rig): Promise<Survival>;
}

export type ConformanceCase = RuleCase | HostileCase;

/** Ids and title in one. */
export function caseName({ requirements, title }: Pick<ConformanceCase, "requirements" | "title">): string {
  return requirements.length > 0 ? `${requirements.join(", ")}: ${title}` : title;
}

function ids(list: string): string[] {
  return list.split(" ").filter((id) => id !== "");
}

/** A case for a MUST, a MUST NOT or a fact. @param requirements ids, separated by blanks */
export function rule(requirements: string, title: string, scope: Scope, run: (rig: Rig) => Promise<void>): RuleCase {
  return { requirements: ids(requirements), title, scope, level: "must", run };
}

/** A case for a SHOULD or SHOULD NOT. */
export function advice(requirements: string, title: string, scope: Scope, run: (rig: Rig) => Promise<void>): RuleCase {
  return { requirements: ids(requirements), title, scope, level: "should", run };
}

/** A case for what a broken or malicious driver does. */
export function hostile(requirements: string, title: string, scope: Scope, run: (rig: Rig) => Promise<Survival>): HostileCase {
  return { requirements: ids(requirements), title, scope, level: "hostile", run };
}

/** Why a case is not about a target in a variant, if so. */
export function outOfScope({ scope }: ConformanceCase, target: ConformanceTarget, variant: Variant): string | undefined {
  if (scope.deviceId !== undefined && scope.deviceId !== target.deviceId) return `for virtio device ID ${scope.deviceId}`;
  if (scope.transport !== undefined && scope.transport !== target.transport) return `for ${scope.transport}`;
  if (scope.driverInterface !== undefined && scope.driverInterface !== variant.driverInterface) {
    return `for the ${scope.driverInterface} interface`;
  }
  if (scope.format !== undefined && scope.format !== variant.format) return `for ${scope.format} rings, not ${variantName(variant)}`;
  return undefined;
}
