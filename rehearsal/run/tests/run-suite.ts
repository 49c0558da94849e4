import { runOneShotUntil } from "../../../engine/one-shot.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { throughGateway } from "../../inside-gateway.ts";
import { printable } from "../../report/html.ts";
import { RUNTIME } from "../../runtime.ts";
import type { RunContext } from "../context.ts";
import { type ThrowAwayDatabase, withDeclaredDatabase } from "../throw-away-database.ts";
import type { TestSuite } from "./functional-tests.ts";
import type { SuiteEnd } from "./suite-findings.ts";

const KEPT_LINES = 400;
/** How a terminal is told of colours and the like. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Runs a suite in a container of its own and tells each line that it prints. */
export async function runSuite(context: RunContext, suite: TestSuite, image: string): Promise<SuiteEnd> {
  if (suite.database === "environment") return await runIn(context, suite, image);
  return await withDeclaredDatabase(context, "tests", async (database) => await runIn(context, suite, image, database));
}

async function runIn(
  context: RunContext,
  suite: TestSuite,
  image: string,
  fresh?: ThrowAwayDatabase,
): Promise<SuiteEnd> {
  const { engine, environment, site, process, tests, dataNetwork, signal, say } = context;
  const gateway = { ...site, environment, service: `${environment}-gateway` };
  const access = await throughGateway(engine, gateway, tests.baseUrlVariable);
  const lines: string[] = [];
  let report: string | undefined;
  const limit = AbortSignal.timeout(suite.timeoutSeconds * 1000);
  const { exitCode } = await runOneShotUntil(
    engine,
    {
      name: `${environment}-tests-${suite.id}`,
      image,
      command: [RUNTIME, "test", "--secrets-from-stdin", "--", ...suite.command],
      environment: { ...process.environment, ...access.environment },
      secrets: {
        ...context.secrets,
        ...(tests.etlUrl === undefined ? {} : { ETL_DATABASE_URL: tests.etlUrl }),
        ...databaseUrls(context, fresh),
        ...access.secrets,
        ADMIN_USERNAME: site.administrator.username,
        ADMIN_PASSWORD: site.administrator.password,
      },
      networks: [...access.networks, fresh?.network ?? dataNetwork],
      hosts: access.hosts,
      memoryBytes: tests.memoryBytes,
      labels: temporaryLabels(),
    },
    (line, stream) => {
      if (stream === "stdout") {
        report = reportIn(line) ?? report;
        return;
      }
      const text = printable(line.replaceAll(ESCAPES, "").trimEnd());
      if (lines.push(text) > KEPT_LINES) lines.shift();
      say(`    ${suite.id} | ${text}`);
    },
    AbortSignal.any([signal, limit]),
  );
  signal.throwIfAborted();
  return { exitCode, timedOut: limit.aborted, report, lines };
}

/** On a throw-away database: by the same names that the application's secrets have for the environment's. */
function databaseUrls({ logins }: RunContext, fresh: ThrowAwayDatabase | undefined): Record<string, string> {
  if (fresh === undefined) return {};
  const urls = { DATABASE_URL: "app", REPORT_DATABASE_URL: "report", ETL_DATABASE_URL: "etl" } as const;
  return Object.fromEntries(
    Object.entries(urls).flatMap(([variable, role]) => {
      const login = logins.find((known) => known.role === role);
      return login === undefined ? [] : [[variable, fresh.url(login.address.username)]];
    }),
  );
}

function reportIn(line: string): string | undefined {
  return (JSON.parse(line) as { report?: string }).report;
}
