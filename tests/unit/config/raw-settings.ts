import { expect } from "vitest";
import { parseSettings, type RawSettings, type SettingFault } from "../../../config/load-settings.ts";
import type { Settings } from "../../../config/settings.ts";

type Sections = Record<string, Record<string, unknown>>;

/** The least that a stack must set, as it stands in its file. */
export function leastSettings(): Sections {
  return {
    app: {
      name: "reference",
      source: "reference",
      settingsModule: "airways.settings",
      command: ["gunicorn", "airways.wsgi:application"],
    },
    etl: { command: "none" },
    gateway: {},
    tls: { certificate: "generated" },
    database: { server: "container" },
    images: { release: "build" },
  };
}

/** The least settings with a change: `changed({ "gateway.port": 8443 })`; undefined takes a key out. */
export function changed(values: Readonly<Record<string, unknown>>): Sections {
  const raw = leastSettings();
  for (const [place, value] of Object.entries(values)) {
    const [section = "", key = ""] = place.split(".");
    const rest = Object.entries(raw[section] ?? {}).filter(([name]) => name !== key);
    raw[section] = { ...Object.fromEntries(rest), ...(value === undefined ? {} : { [key]: value }) };
  }
  return raw;
}

/** Parses settings that must be right. */
export function parsed(raw: RawSettings, stack = "sandbox", encrypted: readonly string[] = []): Settings {
  const result = parseSettings(stack, raw, new Set(encrypted));
  if ("faults" in result) expect.fail(`unexpected faults: ${JSON.stringify(result.faults, undefined, 2)}`);
  return result.settings;
}

/** The faults of settings; none where they are right. */
export function faultsOf(raw: RawSettings, encrypted: readonly string[] = []): readonly SettingFault[] {
  const result = parseSettings("sandbox", raw, new Set(encrypted));
  return "faults" in result ? result.faults : [];
}
