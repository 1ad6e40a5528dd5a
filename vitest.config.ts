import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@zarch/source"] },
  ssr: { resolve: { conditions: ["@zarch/source"], externalConditions: ["@zarch/source"] } },
  test: {
    include: ["{packages,apps}/*/{src,test}/**/*.test.ts", "tooling/*/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
    // The default leaves one processor idle, which on a machine with two is half of it.
    maxWorkers: "100%",
  },
});
