import { Environment } from "./components/environment.ts";
import { preflight } from "./components/preflight.ts";
import { loadSettings } from "./config/load-settings.ts";

const { stack, settings } = loadSettings();
await preflight(stack, settings);
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
