import { runOneShot } from "../../../engine/one-shot.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import type { RunContext } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import type { RunStep } from "../step.ts";
import { SESSIONS, type SessionState, sessionFindings } from "./compare.ts";

const KIND = "sessions";
const RUNTIME = "/opt/rehearsal/run";
const QUOTED_LINES = 20;

type Said = Omit<SessionState, "version" | "environment" | "release" | "takenAt"> & {
  readonly honours: boolean | null;
};

/** All is well for whoever logs in anew, and everybody has to. */
export const sessions: RunStep = {
  id: "sessions",
  title: "visitors stay logged in across the release",
  run: async (context) => {
    const { environment, release, reports } = context;
    const before = (await keptOf(reports, KIND, environment, SESSIONS)).find((state) => state.release !== release);
    const { honours, ...said } = await ask(context, before?.signature ?? "");
    const now: SessionState = { version: 1, environment, release, takenAt: new Date().toISOString(), ...said };
    const findings = before === undefined ? [] : sessionFindings(now, before, honours === true);
    if (findings.length === 0) await keep(reports, KIND, now);
    return {
      detail:
        before === undefined
          ? "no release before to compare with"
          : `compared with what release ${before.release} signed`,
      findings,
    };
  },
};

/** Asks the release in a container that reaches nothing, with the key that its processes have. */
async function ask(context: RunContext, signature: string): Promise<Said> {
  const { engine, environment, process, ownerUrl } = context;
  const output: string[] = [];
  const { exitCode, lastLines } = await runOneShot(
    engine,
    {
      name: `${environment}-sessions`,
      image: process.image,
      command: [RUNTIME, "sessions", "--secrets-from-stdin"],
      environment: { ...process.environment, SESSIONS_SIGNATURE: signature },
      secrets: {
        ...process.secrets,
        DATABASE_URL: ownerUrl,
        REPORT_DATABASE_URL: ownerUrl,
        DJANGO_SECRET_KEY: secretKey(context),
      },
      networks: [],
      memoryBytes: process.memoryBytes,
      labels: temporaryLabels(),
    },
    (line, stream) => {
      if (stream === "stdout") output.push(line);
    },
  );
  if (exitCode !== 0) {
    throw new Error(["the release must say what sessions depend on:", ...lastLines.slice(-QUOTED_LINES)].join("\n"));
  }
  return JSON.parse(output.join("\n")) as Said;
}

/** The key of the application's processes, which the state holds encrypted. */
function secretKey({ declaration, environment }: RunContext): string {
  const declared = declaration.secrets.find(({ name }) => name.startsWith(`${environment}-app-django-secret-key`));
  const data = declared?.inputs["data"];
  if (typeof data !== "string")
    throw new Error(`the stack's state must hold ${environment}-app-django-secret-key; it does not`);
  return Buffer.from(data, "base64").toString();
}
