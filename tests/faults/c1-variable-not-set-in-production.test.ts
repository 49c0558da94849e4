import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "C1",
  class: "configuration",
  title: "a new variable is not set in production: errors at its first use",
  covers:
    "variables that one environment is given and another is not, in clear, secret or of the worker alone: names are compared, no value is read",
});

const DOWNLOADS = "reports/downloads.py";
const USE = edited(DOWNLOADS, [
  "    return StreamingHttpResponse(",
  '    import os\n\n    os.environ["FAULT_PRICES"]\n    return StreamingHttpResponse(',
]);

/** The sandbox's file has the variable, as whoever wrote the code has set it; production's has not. */
function setInTheSandbox(section: string, key: string) {
  return async (place: Staged) => {
    const { checkout } = place;
    const before = checkout.read("Pulumi.sandbox.yaml");
    place.onReset(() => {
      checkout.edit("Pulumi.sandbox.yaml", () => before);
      return Promise.resolve();
    });
    checkout.configure("sandbox", { [section]: { [key]: { FAULT_PRICES: "https://prices.example" } } });
    await Promise.resolve();
  };
}

const given = (sandbox: Staged) => sandbox.giveVariables({ FAULT_PRICES: "https://prices.example" });

/** A download fails, and the pages before it do not. */
async function failsAtFirstUse(twin: Staged): Promise<void> {
  expect((await twin.get("/reports/")).status).toBe(200);
  expect((await twin.get("/reports/routes.csv")).status).toBe(500);
}

testFaults([
  {
    title: "a variable of the application",
    release: { changes: USE },
    byHand: setInTheSandbox("app", "environment"),
    breaks: failsAtFirstUse,
    before: given,
    steps: ["prepare"],
    caught: {
      id: "prepare.variable-missing",
      words:
        /app\.environment\.FAULT_PRICES: Pulumi\.sandbox\.yaml sets FAULT_PRICES, and Pulumi\.production\.yaml does not/,
    },
  },
  {
    title: "a secret of the application",
    release: { changes: USE },
    byHand: setInTheSandbox("app", "secrets"),
    breaks: failsAtFirstUse,
    before: given,
    steps: ["prepare"],
    caught: {
      id: "prepare.variable-missing",
      words: /app\.secrets\.FAULT_PRICES: .*Pulumi\.production\.yaml does not/,
    },
  },
  {
    title: "a variable of the worker alone",
    release: {
      changes: edited("etl/management/commands/etl_status.py", [
        "class Command",
        'import os\n\nPRICES = os.environ["FAULT_PRICES"]\n\n\nclass Command',
      ]),
    },
    byHand: setInTheSandbox("etl", "environment"),
    breaks: async (twin) => {
      const { exitCode, said } = await twin.manage("etl", "etl_status");
      expect(exitCode).not.toBe(0);
      expect(said).toContain("KeyError: 'FAULT_PRICES'");
    },
    before: given,
    steps: ["prepare"],
    caught: {
      id: "prepare.variable-missing",
      words: /etl\.environment\.FAULT_PRICES: .*Pulumi\.production\.yaml does not/,
    },
  },
]);
