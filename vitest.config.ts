import { defineConfig } from "vitest/config";

const MINUTE = 60_000;

/** Faults that clones of production's data are enough for; all others need whole environments. */
const ON_CLONES = ["{m*,b7,b8,r4,siblings}-*", "clean-releases", "clean-other-project"].map(
  (name) => `tests/faults/${name}.test.ts`,
);

/**
 * Files that run side by side on the one engine of the machine: each has names of its own there. More would only wait for
 * each other, since most of what they do is done by the engine.
 */
const ON_ONE_ENGINE = 2;

/** Environments that faults are applied to: most of such a test is waiting for tasks to be healthy, or seen not to be. */
const FAULTY_ENVIRONMENTS = Number(process.env["FAULTS_ENVIRONMENTS"] ?? 2);

/**
 * Each builds a release with one fault, breaks an unguarded twin of production with it, and rehearses it.
 *
 * @param maxWorkers files at a time. What one changes in an environment, or how long it waits, is nothing that another
 * should meet.
 */
function faults(name: string, globalSetup: string, include: string[], exclude: string[] = [], maxWorkers = 1) {
  return {
    test: {
      name,
      include,
      exclude,
      globalSetup: [`tests/faults/harness/${globalSetup}.ts`],
      maxWorkers,
      // What a test has changed in the environment must be put back before the next one begins.
      testTimeout: 12 * MINUTE,
      hookTimeout: 5 * MINUTE,
      sequence: { groupOrder: 4 },
    },
  };
}

// Files keep their isolation: a component test replaces Pulumi's monitor, which is global to a process.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          testTimeout: 15_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "component",
          include: ["tests/component/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      // Pages that need a browser and no environment.
      {
        test: {
          name: "pages",
          include: ["tests/pages/**/*.test.ts"],
          testTimeout: MINUTE,
          hookTimeout: MINUTE,
          sequence: { groupOrder: 1 },
        },
      },
      // After what needs no engine has passed or failed.
      {
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          globalSetup: ["tests/integration/environment/interrupted-runs.ts"],
          maxWorkers: ON_ONE_ENGINE,
          testTimeout: 5 * MINUTE,
          hookTimeout: 15 * MINUTE,
          sequence: { groupOrder: 2 },
        },
      },
      faults("faults", "production", ON_CLONES),
      faults("faults-environment", "environments", ["tests/faults/*.test.ts"], ON_CLONES, FAULTY_ENVIRONMENTS),
      faults("sample-of-faults", "production", ["tests/faults/m1-*.test.ts", "tests/faults/m5-*.test.ts"]),
      {
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          globalSetup: ["tests/integration/environment/interrupted-runs.ts"],
          fileParallelism: false,
          testTimeout: 2 * MINUTE,
          hookTimeout: 15 * MINUTE,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
