import type { LostPermission } from "../apply.ts";
import type { Finding } from "../result.ts";

/** Permissions that were left under the name that a model had before. */
export function permissionFindings(lost: readonly LostPermission[]): Finding[] {
  return lost.map(
    ({ name, groups }): Finding => ({
      id: "data.permission",
      severity: "blocking",
      subject: name,
      cause: `${groups === 0 ? "users hold" : `${groups} group${groups === 1 ? " holds" : "s hold"}`} the permission, and its model, which has another name after the migrations, asks for another one`,
      consequence: "Whoever has their rights by it can no longer see or change these records, and no error says so.",
      remedy:
        "Rename the permissions in a migration after that of the model: update codename and name of auth.Permission where the content type is the model's.",
    }),
  );
}
