import type { WorkspacePackage } from "../workspace/packages.ts";

/** The result of one check, or of a group of tests. */
export interface Outcome {
  name: string;
  passed: number;
  failed: number;
  /** What did not run, and where. */
  skipped?: string[];
  problems: string[];
}

export interface Selection {
  packages: readonly WorkspacePackage[];
  /** No package was named: checks of the workspace as a whole apply. */
  everything: boolean;
}

export interface Step {
  title: string;
  run(selection: Selection): Outcome[] | Promise<Outcome[]>;
}

/** A check that passed when it has no problems. */
export function outcome(name: string, problems: string[]): Outcome {
  const ok = problems.length === 0;
  return { name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, problems };
}
