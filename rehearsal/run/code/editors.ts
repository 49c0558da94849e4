import type { Finding } from "../../finding.ts";
import type { CodeOperation } from "../../migration/outgoing-code.ts";

/** How the runtime layer calls what it does as a member of a group of users. */
const AS_EDITOR = /^GET (\S+) as one of (.+)$/;
const REFUSED = /^status (?:40[134]|30[123])$/;
const NAMED = 6;

/** What is kept of the release before. */
interface Known {
  readonly error: string | null;
  readonly offers?: readonly string[] | undefined;
}

/** Whether an operation tells what a group's members are offered in an administration, or that they are refused. */
export function isOfEditors({ operation, error }: CodeOperation): boolean {
  return AS_EDITOR.test(operation) && (error === null || REFUSED.test(error));
}

/**
 * What the members of a group could do in the administration with the release before, and cannot any more: whoever tries a
 * release is a superuser, and sees nothing of it.
 *
 * @param before the same with the release before; undefined where nobody tried
 */
export function editorFindings({ operation, error, offers = [] }: CodeOperation, before: Known | undefined): Finding[] {
  const [, path = "", group = ""] = AS_EDITOR.exec(operation) ?? [];
  // Whoever was refused before, or met an error, has lost nothing.
  if (before?.offers === undefined || before.error !== null) return [];
  const lost = before.offers.filter((offer) => !offers.includes(offer));
  const refused = error !== null && REFUSED.test(error);
  if (!refused && (error !== null || lost.length === 0)) return [];
  const named = lost.slice(0, NAMED).join(", ") + (lost.length > NAMED ? ` and ${lost.length - NAMED} more` : "");
  const cause = refused
    ? `members of the group are refused (${error}), who were let in with the release before`
    : `members of the group are not offered ${named} any more, as they were with the release before`;
  return [{ ...finding(path, group, cause), ...(lost.length > NAMED ? { evidence: lost } : {}) }];
}

/**
 * Lists that a group could work in and that are gone, while there is a new one that refuses its members: a model under another
 * name, whose permissions they have under the old one.
 */
export function movedFindings(
  operations: readonly CodeOperation[],
  before: Readonly<Record<string, Known>>,
): Finding[] {
  const now = new Set(operations.map(({ operation }) => operation));
  const gone = Object.entries(before).flatMap(([operation, { error, offers }]) => {
    const [, path = "", group = ""] = AS_EDITOR.exec(operation) ?? [];
    return group === "" || now.has(operation) || error !== null || offers === undefined ? [] : [{ path, group }];
  });
  return operations.flatMap(({ operation, error }) => {
    const [, path = "", group = ""] = AS_EDITOR.exec(operation) ?? [];
    const left = gone.filter((list) => list.group === group).map((list) => list.path);
    if (group === "" || left.length === 0 || operation in before || error === null || !REFUSED.test(error)) return [];
    return [
      finding(
        path,
        group,
        `members of the group are refused (${error}) at this list, which is new, and ${left.join(", ")}, where they could work with the release before, is gone`,
      ),
    ];
  });
}

function finding(path: string, group: string, cause: string): Finding {
  return {
    id: "code.editors",
    severity: "blocking",
    subject: `${path}, the group ${group}`,
    cause,
    consequence:
      "People who do this work cannot go on with it, and no error says so: those who try a release are superusers, who may do all.",
    remedy:
      "Give the permission that the code asks for now to the groups that had the one before, in a migration; permissions of a renamed model keep their old names.",
  };
}
