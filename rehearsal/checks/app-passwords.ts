import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** A hasher that was taken out locks out everybody whose password was made with it. */
export const appPasswords: Check = {
  id: "app.passwords",
  title: "the passwords of all users can be checked by the release",
  cause:
    "A hasher was taken out of PASSWORD_HASHERS, or its package out of the requirements, while users still have it.",
  consequence: "These users cannot log in, whatever they type.",
  remedy:
    "Leave the hasher in PASSWORD_HASHERS, behind the one for new passwords: each log-in then changes to that one.",
  run: async (environment) =>
    (await inspection(environment, "unreadablePasswords")).map(({ algorithm, users }) => ({
      expected: `a hasher for ${algorithm}`,
      seen: `none in PASSWORD_HASHERS, and ${users} active users with such passwords`,
    })),
};
