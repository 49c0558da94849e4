import type { MigrationPlan, MissingChange } from "../migrate.ts";
import type { Finding } from "../result.ts";

const NAMED = 4;

/**
 * What is wrong with a release's migrations before any of them runs.
 *
 * @param known changes without a migration that the running release has in the same way
 */
export function planFindings(plan: MigrationPlan, known: readonly MissingChange[] = []): Finding[] {
  return [
    ...plan.conflicts.map(
      (conflict): Finding => ({
        id: "migration.conflict",
        severity: "blocking",
        subject: conflict,
        cause: "its migrations have several leaf nodes: two branches were merged that each brought one",
        consequence: "Django refuses to migrate, and the deployment stops.",
        remedy: "Merge them with: python manage.py makemigrations --merge",
      }),
    ),
    ...plan.inconsistencies.map(
      (words): Finding => ({
        id: "migration.history",
        severity: "blocking",
        subject: "the history of migrations",
        cause: words,
        consequence: "Django refuses to migrate, and the deployment stops.",
        remedy:
          "Let the new migration depend on the applied ones instead of the other way round. One that was renamed gets its old name back (or lists it in replaces), and a project that has run takes another AUTH_USER_MODEL only with the old tables moved by hand.",
      }),
    ),
    ...remadeFindings(plan),
    ...plan.missing.map((missing) => missingFinding(missing, known)),
    ...plan.lint,
  ];
}

/**
 * Migrations that begin an app anew whose tables are there: those that made them are applied, and the release has them no
 * more, nor says what replaces them.
 */
function remadeFindings({ pending, unknown = [] }: MigrationPlan): Finding[] {
  const apps = Map.groupBy(unknown, (name) => name.split(".")[0] ?? "");
  return [...apps].flatMap(([app, applied]): Finding[] => {
    const first = pending.find(
      (migration) => migration.app === app && migration.operations.some((text) => /^Create model /.test(text)),
    );
    if (first === undefined) return [];
    return [
      {
        id: "migration.history",
        severity: "blocking",
        subject: `${app}.${first.name}`,
        cause: `it makes tables of ${app}, and the database has applied migrations of ${app} that the release has no file of: ${applied.slice(0, NAMED).join(", ")}${applied.length > NAMED ? ` and ${applied.length - NAMED} more` : ""}`,
        consequence: "What these have made is there already: the migration fails, and the deployment stops.",
        remedy:
          "Where they were squashed, name them in replaces of the new one, and take that away only when every environment has applied it; where they were renamed, give them their old names back.",
        evidence: applied,
      },
    ];
  });
}

function missingFinding({ change, schema, own }: MissingChange, known: readonly MissingChange[]): Finding {
  const found = { id: "migration.missing", subject: change } as const;
  if (!schema) {
    return {
      ...found,
      severity: "note",
      cause: "the models say something that no migration records; it is no matter of the database",
      consequence: "makemigrations will put it into the next migration, whatever that is about.",
      remedy: "Make it with python manage.py makemigrations, and commit the file.",
    };
  }
  if (!own || known.some((other) => other.change === change)) {
    return {
      ...found,
      severity: "warning",
      cause: own
        ? "the models say something that no migration brings about, and so do those of the release that runs"
        : "the models of an installed package say something that none of its migrations brings about",
      consequence: "Whatever uses it asks the database for what is not there.",
      remedy: own
        ? "Make it with python manage.py makemigrations, and commit the file."
        : "Set DEFAULT_AUTO_FIELD or what else the package expects, or report it to the package.",
    };
  }
  return {
    ...found,
    severity: "blocking",
    cause: "the models of the release say something that no migration brings about: a migration file was forgotten",
    consequence: "The new code asks the database for what is not there.",
    remedy: "Make it with python manage.py makemigrations, and commit the file.",
  };
}
