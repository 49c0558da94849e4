import { temporaryLabels } from "../../../engine/temporary.ts";
import { concreteHostname } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import { askRuntime, type Said } from "../../runtime.ts";
import type { RunContext } from "../context.ts";
import type { DjangoSettings } from "./django-settings.ts";
import type { ProductionDemands } from "./production.ts";

/** What the runtime layer of the release says of another environment. */
export interface ReleaseInProduction {
  /** Variables that the code reads without a default and is not given there. */
  readonly variables: readonly {
    readonly variable: string;
    readonly where: string;
    readonly code: string;
    /** Whether it is read whenever the code around it runs. */
    readonly certain: boolean;
  }[];
  readonly settings: DjangoSettings;
  /** What becomes of the migrations; null where it was not asked. */
  readonly history: {
    readonly pending: readonly string[];
    /** Applied there and not of this release; `ahead` where they came after all that it knows of their app. */
    readonly unknown: readonly { readonly migration: string; readonly ahead: boolean }[];
    readonly inconsistencies: readonly string[];
  } | null;
}

/** In place of a secret that only production has: what its value is, is nobody's business here. */
const PLACEHOLDER = "stands in for a secret of production";

/**
 * Asks the release, in a container of its image that reaches nothing, what it would meet with production's variables. Of
 * secrets it is given production's names with the values of the rehearsed environment.
 *
 * @param applied migrations of production's database, `app.name` in their order; undefined where they are not known
 * @returns what it says, or why it does not start
 */
export async function releaseInProduction(
  context: RunContext,
  demands: ProductionDemands,
  applied: readonly string[] | undefined,
): Promise<Said<ReleaseInProduction>> {
  const secrets = demands.secrets.map((name) => [name, context.process.secrets[name] ?? PLACEHOLDER] as const);
  return await askRelease(context, "preflight", Object.fromEntries(secrets), {
    ...demands.environmentVariables,
    PREFLIGHT_HOSTNAMES: JSON.stringify(demands.certificate.hostnames.map(concreteHostname)),
    PREFLIGHT_COMMANDS: JSON.stringify(demands.commands),
    PREFLIGHT_SKIPPED: JSON.stringify(demands.skippedModules),
    PREFLIGHT_APPLIED: JSON.stringify(applied ?? null),
  });
}

/** What the settings hold with the variables of the rehearsed environment, and a database as far away as production's. */
export async function settingsAsRehearsed(context: RunContext): Promise<Said<Pick<DjangoSettings, "values">>> {
  const { environment, secrets } = context.process;
  return await askRelease(context, "settings", secrets, environment);
}

async function askRelease<T>(
  { engine, environment, process }: RunContext,
  command: string,
  secrets: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
): Promise<Said<T>> {
  const url = "postgres://none:none@127.0.0.1:9/none";
  return await askRuntime<T>(engine, {
    name: `${environment}-preflight-${command}`,
    image: process.image,
    command,
    environment: variables,
    secrets: {
      ...secrets,
      DATABASE_URL: url,
      REPORT_DATABASE_URL: url,
      DJANGO_SECRET_KEY: process.secrets["DJANGO_SECRET_KEY"] ?? PLACEHOLDER,
    },
    networks: [],
    memoryBytes: process.memoryBytes,
    labels: temporaryLabels(),
  });
}

/** A release that does not load with what production gives it. */
export function loadFinding(stack: string, lines: readonly string[]): Finding {
  return {
    id: "preflight.does-not-load",
    severity: "blocking",
    subject: `the release with the variables of ${stack}`,
    cause: `its settings do not load: ${lines.at(-1) ?? "it says nothing"}`,
    consequence: `No process of the release starts in ${stack}.`,
    remedy: `Set the variable for ${stack}, or mend its value there (app.environment, app.secrets).`,
    evidence: lines,
  };
}

/** Variables that the release's code cannot do without and production does not give. */
export function readFindings(stack: string, variables: ReleaseInProduction["variables"]): Finding[] {
  return variables.map(({ variable, where, code, certain }) => ({
    id: "preflight.variable-unset",
    severity: certain ? "blocking" : "warning",
    subject: `${stack}, variable ${variable}`,
    cause:
      `${where} reads ${variable} without a default${certain ? "" : " under a condition"}, and neither the settings of ` +
      `${stack} nor the image set it`,
    consequence: certain
      ? "The release starts, and fails where this code first runs."
      : "Where the condition holds in production, the code fails when it first runs.",
    remedy: `Set rehearsal:app.environment.${variable} (or app.secrets) in every environment, or give the code a default.`,
    evidence: [`${where}: ${code}`],
  }));
}

/** Migrations of production's database that do not go with those of the release. */
export function historyFindings(stack: string, history: NonNullable<ReleaseInProduction["history"]>): Finding[] {
  const inconsistent = history.inconsistencies.map(
    (words): Finding => ({
      id: "preflight.history",
      severity: "blocking",
      subject: `the history of migrations of ${stack}`,
      cause: words,
      consequence: `Django refuses to migrate ${stack}, and the deployment stops.`,
      remedy: "Let the new migration depend on the applied ones instead of the other way round.",
    }),
  );
  return [
    ...inconsistent,
    ...unknownFindings(
      stack,
      history.unknown.filter(({ ahead }) => ahead),
      true,
    ),
    ...unknownFindings(
      stack,
      history.unknown.filter(({ ahead }) => !ahead),
      false,
    ),
  ];
}

function unknownFindings(stack: string, unknown: readonly { readonly migration: string }[], ahead: boolean): Finding[] {
  const [first] = unknown;
  if (first === undefined) return [];
  const more = unknown.length > 1 ? ` and ${unknown.length - 1} more` : "";
  return [
    {
      id: "preflight.migration-unknown",
      severity: ahead ? "blocking" : "warning",
      subject: `${first.migration}${more}`,
      cause:
        `the database of ${stack} has applied ${counted(unknown.length, "migration")} that this release does not have` +
        (ahead ? ", after all of its own" : ""),
      consequence: ahead
        ? "The release was made without what production runs on: its code does not know the schema that it meets."
        : "Its history is another one than that which was rehearsed; what these migrations did is in no file any more.",
      remedy: ahead
        ? "Merge the branch that brought them (a hotfix?) and rehearse again, or take them back in production first."
        : "Make sure that they were squashed or moved; put their files back where they were not.",
      evidence: unknown.map(({ migration }) => migration),
    },
  ];
}
