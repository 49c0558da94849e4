import { environmentName } from "./components/engine-objects.ts";
import { Environment } from "./components/environment.ts";
import { preflight } from "./components/preflight.ts";
import { ReleaseEvidence } from "./components/release-evidence.ts";
import { databaseSnapshot } from "./components/snapshot-source.ts";
import { loadSettings } from "./config/load-settings.ts";
import { settingsHashes } from "./config/settings-hash.ts";

// The SDK takes a stack trace for each promise and maps all of them to sources, which takes a fifth of a preview's
// processor time. Nothing here is compiled: there is nothing to map.
Reflect.deleteProperty(Error, "prepareStackTrace");

const { stack, settings } = loadSettings();
await preflight(stack, settings);
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
