import type { DeployedEnvironment } from "../../../rehearsal/checks/check.ts";
import type { ReleaseInspection } from "../../../rehearsal/checks/release-inspection.ts";
import { type EngineAnswer, type FakeEngine, fakeEngine, streamFrame } from "../engine/fake-engine.ts";
import { deployedEnvironment, HOSTNAMES } from "./gateway.ts";

type Sections = { readonly [Name in keyof ReleaseInspection]?: ReleaseInspection[Name] | Error };

const WELL: ReleaseInspection = {
  migrations: { pending: [] },
  settings: {
    debug: false,
    refusedHosts: [],
    anyHost: false,
    sessionCookie: "sessionid",
    csrfCookie: "csrftoken",
    timeZone: "UTC",
  },
  deploy: [],
  imports: { modules: 40, late: 2, left: 0, failed: [] },
  moments: [],
  programs: [],
  requirements: { packages: 20, problems: [] },
  secretFiles: [],
  untranslated: [],
  unreadablePasswords: [],
  logging: { configured: true, loggers: [], files: [] },
  requests: [],
  etl: null,
};

/** An environment whose release says that all is well from inside of its image, but for `sections`. */
export async function inspected(
  sections: Sections,
  environment: Partial<DeployedEnvironment> = {},
  more: Readonly<Record<string, EngineAnswer>> = {},
): Promise<{ environment: DeployedEnvironment; engine: FakeEngine }> {
  const entries = Object.entries({ ...WELL, ...sections }).map(([name, value]) => [
    name,
    value instanceof Error ? { error: value.message } : { value },
  ]);
  return await printing(`${JSON.stringify(Object.fromEntries(entries))}\n`, 0, environment, more);
}

/** An environment whose one-shot containers print `output` and end with `exitCode`. */
export async function printing(
  output: string,
  exitCode: number,
  environment: Partial<DeployedEnvironment> = {},
  more: Readonly<Record<string, EngineAnswer>> = {},
): Promise<{ environment: DeployedEnvironment; engine: FakeEngine }> {
  const answers: Record<string, EngineAnswer> = {
    "POST /containers/create": { status: 201, body: { Id: "c1" } },
    "POST /containers/c1/wait": { status: 200, body: { StatusCode: exitCode } },
    "POST /containers/c1/start": { status: 204 },
    "POST /networks/shop-sandbox-data/connect": { status: 200 },
    "DELETE /containers/c1": { status: 204 },
    ...more,
  };
  const engine = await fakeEngine(
    ({ call }) => answers[call],
    (socket) => {
      socket.once("data", () => {
        socket.end(Buffer.concat([streamFrame("stderr", "starting\n"), streamFrame("stdout", output)]));
      });
    },
  );
  const deployed = deployedEnvironment(HOSTNAMES, { address: "", port: 1 }, "");
  return { environment: { ...deployed, ...environment, engine: engine.docker }, engine };
}
