import { counted } from "../../report/format.ts";
import type { RunStep } from "../step.ts";
import { dataFindings, loginFindings, migrationFindings } from "./database.ts";
import { requirementFindings } from "./requirements.ts";
import { variableFindings } from "./variables.ts";

/** What every other step takes for granted. */
export const prepare: RunStep = {
  id: "prepare",
  title: "the environment is ready",
  run: async (context) => {
    const before = [...requirementFindings(context.source), ...variableFindings(context.variables)];
    const logins = await loginFindings(context);
    if (logins.length > 0) {
      return { detail: "the database cannot be reached in every role", findings: [...before, ...logins] };
    }
    context.signal.throwIfAborted();
    const { applied, findings } = await migrationFindings(context);
    const data = await dataFindings(context);
    const filled = data.snapshot === undefined ? "data of its own" : `data of snapshot ${data.snapshot}`;
    return {
      detail: `${counted(context.logins.length, "role")} logged in, ${counted(applied, "migration")} applied, ${filled}`,
      findings: [...before, ...findings, ...data.findings],
    };
  },
};
