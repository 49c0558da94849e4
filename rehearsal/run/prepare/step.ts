import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { servedAtOnce } from "../database/connection-users.ts";
import { imageFiles, isOfProject } from "../image-files.ts";
import { keep, keptOf } from "../kept.ts";
import { magnitudeFindings } from "../magnitudes.ts";
import type { RunStep } from "../step.ts";
import { checkoutOf } from "./checkout.ts";
import { dataFindings, loginFindings, migrationFindings } from "./database.ts";
import { GIVEN, type Given, narrowedFindings, numbersOf, WHEN } from "./given.ts";
import { forwardingFindings } from "./host.ts";
import { FILES, type FilesState, leftOutFindings } from "./left-out.ts";
import { requirementFindings } from "./requirements.ts";
import { serverConfigurationFindings } from "./server-configuration.ts";
import { variableFindings } from "./variables.ts";

const KIND = "given";
const KIND_OF_FILES = "files";

/** What every other step takes for granted. */
export const prepare: RunStep = {
  id: "prepare",
  title: "the environment is ready",
  run: async (context) => {
    const before = [
      ...requirementFindings(context.source),
      ...variableFindings(context.variables),
      ...(await givenOtherwise(context)),
      ...(await leftOut(context)),
      ...(await forwardingFindings(context.engine)),
    ];
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

/**
 * What is given otherwise than when it was last looked at, be it with the same release: settings change without code. It is
 * kept where it stops nothing.
 */
async function givenOtherwise(context: RunContext): Promise<Finding[]> {
  const { environment, release, reports, process, worker, site } = context;
  const atOnce = await servedAtOnce(context);
  const given: Given = {
    version: 1,
    environment,
    release,
    takenAt: new Date().toISOString(),
    numbers: numbersOf({ application: process.environment, worker: worker?.environment }),
    hostnames: [...site.hostnames],
    maxBodyMiB: site.maxBodyMiB,
    ...(atOnce === undefined ? {} : { atOnce }),
  };
  const [before] = await keptOf(reports, KIND, environment, GIVEN);
  const findings = [
    ...magnitudeFindings("prepare.variable-magnitude", given.numbers, before?.numbers ?? {}, WHEN),
    ...narrowedFindings(given, before),
  ];
  if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, given);
  return findings;
}

/** What the image lacks and the checkout has: a server's configuration, and what the release before had. */
async function leftOut(context: RunContext): Promise<Finding[]> {
  const { environment, release, reports, source, declaration } = context;
  const image = await imageFiles(context);
  if (image === undefined) return [];
  const before = (await keptOf(reports, KIND_OF_FILES, environment, FILES)).find((state) => state.release !== release);
  const services = declaration.services.filter(({ name }) => isOfProject(environment, name));
  const checkout = checkoutOf(source, image.files ?? []);
  const servers = serverConfigurationFindings(services, image, checkout.folder, before?.files);
  if (image.files === null) return servers;
  const told = servers.map(({ subject }) => subject);
  const lost = leftOutFindings(image.files, before, (file) => !told.includes(file) && checkout.has(file));
  const findings = [...servers, ...lost];
  const now: FilesState = {
    version: 1,
    environment,
    release,
    takenAt: new Date().toISOString(),
    files: [...image.files],
  };
  if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND_OF_FILES, now);
  return findings;
}
