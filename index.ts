import { Environment } from "./components/environment.ts";
import { requireEngine } from "./components/require-engine.ts";
import { loadSettings } from "./config/load-settings.ts";

const { stack, settings } = loadSettings();
await requireEngine(settings.engine.host);
const environment = new Environment(stack, settings);

export const {
  urls,
  release,
  releaseReferences,
  databaseAddress,
  certificateAuthority,
  adminUsername,
  adminPassword,
  logs,
  checks,
} = environment;
