import type { Check, Finding } from "./check.ts";
import { inspection, type ReleaseInspection } from "./release-inspection.ts";

const ERROR = 40;
const WARNING = 30;
/**
 * Django's warnings that are about an open door rather than about hardening: no CSRF protection (W003), a guessable key
 * (W009, W025), cookies in clear (W010 to W012, W014 to W016), DEBUG (W018), no allowed host (W020).
 */
const SERIOUS = /^security\.W0(?:03|09|10|11|12|14|15|16|18|20|25)$/;

/** Quotes Django's own ids. */
export const appDeployCheck: Check = {
  id: "app.deploy-check",
  title: "Django's check --deploy finds no error and no open door",
  cause: "Settings for development in a release, or a model, URL or setting that Django refuses.",
  consequence: "What the message says; the ids are explained in Django's documentation of the system check framework.",
  remedy:
    "Mend the setting that the message names, silence it in the project with SILENCED_SYSTEM_CHECKS, or name its id in checks.silenced.",
  run: async (environment) => {
    const messages = await inspection(environment, "deploy");
    return messages.flatMap((message) => judge(message, environment.checks.silenced));
  },
};

function judge({ id, level, text }: ReleaseInspection["deploy"][number], silenced: readonly string[]): Finding[] {
  const serious = level >= ERROR || SERIOUS.test(id);
  if (!serious && (level < WARNING || !id.startsWith("security."))) return [];
  const finding = {
    expected: `no message ${id || "of level error"} of check --deploy`,
    seen: text.replace(/\s+/g, " "),
  };
  return [serious && !silenced.includes(id) ? finding : { ...finding, warning: true }];
}
