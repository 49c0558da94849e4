import * as pulumi from "@pulumi/pulumi";
import { environmentName } from "./components/engine-objects.ts";
import { Environment } from "./components/environment.ts";
import { preflight } from "./components/preflight.ts";
import { ReleaseEvidence } from "./components/release-evidence.ts";
import { databaseSnapshot } from "./components/snapshot-source.ts";
import { removeUnrecordedFiles } from "./components/unrecorded-files.ts";
import { loadSettings } from "./config/load-settings.ts";
import { settingsHashes } from "./config/settings-hash.ts";

// The SDK tells the engine of each step of each resource, one message after another, for `pulumi --debug` to show them:
// that takes as long as all the rest of a preview. They are sent where somebody asks for them.
if (process.env["REHEARSAL_DEBUG"] === undefined) Reflect.set(pulumi.log, "debug", () => Promise.resolve());

const { stack, settings } = loadSettings();
await preflight(stack, settings);
await removeUnrecordedFiles(stack, settings);
const snapshot = await databaseSnapshot(stack, settings);
const environment = new Environment(stack, settings, snapshot);
const name = environmentName(settings.app.name, stack);
const rehearsed = new ReleaseEvidence(`${name}-evidence`, {
  environmentName: name,
  release: environment.release,
  images: environment.releaseReferences,
  settings: settingsHashes(settings),
  snapshot: snapshot?.id ?? null,
  reports: "reports",
});

export const {
  urls,
  release,
  releaseReferences,
  databaseAddress,
  reportDatabaseUrl,
  certificateAuthority,
  adminUsername,
  adminPassword,
  logs,
  checks,
} = environment;
export const { evidence, publicKey: evidencePublicKey } = rehearsed;
