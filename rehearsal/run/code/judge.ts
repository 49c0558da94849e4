import { z } from "zod";
import type { Finding, Severity } from "../../finding.ts";
import type { CodeOperation } from "../../migration/outgoing-code.ts";
import { duration } from "../../report/format.ts";
import { editorFindings, isOfEditors, movedFindings } from "./editors.ts";
import { memoryFindings } from "./memory.ts";
import { outsideFindings } from "./outside.ts";

const OPERATION = z.object({
  error: z.string().nullable(),
  seconds: z.number(),
  statements: z.number().optional(),
  records: z.number().optional(),
  outside: z.record(z.string(), z.number().nullable()).optional(),
  offers: z.array(z.string()).readonly().optional(),
  touched: z.array(z.string()).readonly().optional(),
  memory: z.number().optional(),
});

export const WORK = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  /** Of the release, to ask it again beside the next one. */
  image: z.string().optional(),
  /** By the operation's name, such as `GET /` or `INSERT shop.Order`. */
  operations: z.record(z.string(), OPERATION),
});

/** What a release's own code did with the data of an environment. */
export type CodeWork = z.infer<typeof WORK>;

/** The database refuses it whatever the values are: its schema or its rights do not suit the code. */
const OF_DATABASE = /^(?:ProgrammingError|OperationalError|InternalError|NotSupportedError|DataError|InterfaceError):/;
/** Files that were uploaded are not in the container that tries the code, and what is outside is out of reach. */
export const OF_SURROUNDINGS =
  /^(?:FileNotFoundError|ConnectionError|ConnectionRefusedError|gaierror|TimeoutError|URLError|\w*ConnectionError|\w*Timeout)\b/;
/**
 * A project may show markup that its editors write, live without mail, or take what strangers send; it is no intention where
 * it was otherwise before.
 */
const PERHAPS_MEANT =
  / is not escaped: | no mail server listens |a record is taken from whoever sends it| stand on two of them| of the administrator who was there before|they are not told apart|the database is away, as this rehearsal has it/;
/** A page that is asked for again with something else in mind. */
const ONCE_MORE = / (?:for its forms|for its first record|for its files|by its address alone|with markup in \S+)$/;
/** Nobody knows whether a project ever took pictures of that kind. */
const OF_PICTURE = / with a (?:transparent PNG|palette GIF|JPEG)$/;
const CLIENT_ERROR = /^status 4\d\d$/;
/** What a project's form takes and what it does not is its own matter, as long as it is the same as before. */
const OF_FORM = /^the form is shown again: |^it is taken although nothing is filled in: /;
/** The fields that a form was shown again for, and after them what it says of each. */
const NOT_TAKEN_FIELDS = /^the form is shown again: what is filled in is not taken in ([^(]+) \(/;
/** Who is told so may not do what was tried. */
const FORBIDDEN = /^status 40[13]$/;
const AS_USER = / as a user$/;
/** What is somebody else's stays as it is: whatever says so is right. */
const OF_OTHERS = /^(?:PATCH|DELETE) /;
const REFUSED = /^status 40[013]$/;
const REFUSED_OF_OTHERS = /^status 4\d\d$/;
const NOT_LET = /^status 40[1345]$/;
/** How a search form says that what was typed into it is nothing that it takes. */
const NOT_TAKEN = "status 400";
/** What a page takes that nobody waits for any more, and how much more than before it must be. */
const SLOW_SECONDS = 2;
const SLOW_TIMES = 5;
/** What is done in a loop is done for each row of a page; a page with something more on it takes a few more. */
const MANY = 20;
const TIMES = 3;

/**
 * What fails of all that a release's code does, and what has become slow.
 *
 * @param before what the code of the release before did; undefined where nobody kept it
 * @param memoryBytes what the container of the code may have
 */
export function codeFindings(
  operations: readonly CodeOperation[],
  before: CodeWork | undefined,
  memoryBytes = Number.POSITIVE_INFINITY,
): Finding[] {
  const single = operations.flatMap((operation) => {
    const known = before?.operations[operation.operation];
    if (isOfEditors(operation)) return editorFindings(operation, known);
    return [...ofOne(operation, known), ...memoryFindings(operation, known, memoryBytes)];
  });
  if (before === undefined) return single;
  const asked = ({ operation }: CodeOperation) => {
    const known = before.operations[operation];
    return known === undefined ? {} : known.outside;
  };
  return [...single, ...outsideFindings(operations, asked), ...movedFindings(operations, before.operations)];
}

function ofOne(operation: CodeOperation, known: z.infer<typeof OPERATION> | undefined): Finding[] {
  const { error } = operation;
  if (error !== null) {
    if (!OF_OTHERS.test(operation.operation) || !CLIENT_ERROR.test(error)) return [failure(operation, error, known)];
    const [before] = NOT_LET.exec(known?.error ?? "") ?? [];
    // What was sent is looked at now: whoever sends something right is let.
    return before === undefined || error !== NOT_TAKEN ? [] : [noLongerRefused(operation, before)];
  }
  if (known === undefined) return [];
  const refusal = OF_OTHERS.test(operation.operation)
    ? REFUSED_OF_OTHERS
    : /^(?:GET|POST) /.test(operation.operation)
      ? REFUSED
      : undefined;
  const refused = refusal?.exec(known.error ?? "")?.[0];
  if (refused !== undefined) return [noLongerRefused(operation, refused)];
  if (isSlow(operation.seconds, known.seconds)) return [slow(operation, known.seconds)];
  return [
    ...moreStatements(operation, known.statements),
    ...moreRecords(operation, known.records),
    ...moreTouched(operation, known.touched),
  ];
}

/** Whoever saves a row changes what is in its form; what changes beside that, nobody sees. */
function moreTouched({ operation, touched = [] }: CodeOperation, before: readonly string[] | undefined): Finding[] {
  const more = before === undefined ? [] : touched.filter((column) => !before.includes(column));
  if (more.length === 0) return [];
  return [
    {
      id: "code.save-changes",
      severity: "blocking",
      subject: operation,
      cause: `a row that is saved as it is has other values in ${more.join(", ")} afterwards; with the release before it kept them`,
      consequence: "What stood there is overwritten by whatever saves a row: an editor's correction, a job, a status.",
      remedy:
        "Look at the field and at save(): auto_now is set at each save, auto_now_add at the first alone; a value that is computed anew may be another one. Where it is meant, say so in rehearsal:checks.accepted.",
    },
  ];
}

/** Whether an operation takes so much more than it did that somebody notices. */
export function isSlow(seconds: number, before: number): boolean {
  return seconds >= SLOW_SECONDS && seconds >= before * SLOW_TIMES;
}

function failure(
  { operation: name, madeUp = false }: CodeOperation,
  error: string,
  known: z.infer<typeof OPERATION> | undefined,
): Finding {
  const earlier = known?.error;
  const same =
    typeof earlier === "string" && (withoutValues(earlier) === withoutValues(error) || isOfSameFields(earlier, error));
  const request = /^(?:GET|POST|PATCH|DELETE) /.test(name);
  // A form that was taken and is refused now, or somebody who was let in: nobody meant that.
  const refused =
    name.startsWith("POST ") &&
    ((CLIENT_ERROR.test(error) && earlier === null) ||
      (FORBIDDEN.test(error) && earlier !== undefined && !FORBIDDEN.test(earlier ?? "")));
  // Without a release before nobody knows what users may do, nor what a form or a search takes.
  const expected =
    known === undefined &&
    (OF_FORM.test(error) ||
      (CLIENT_ERROR.test(error) && AS_USER.test(name)) ||
      (error === NOT_TAKEN && /^GET \S+\?/.test(name)));
  return {
    id: request ? "code.request" : /^(?:SELECT|UPDATE) /.test(name) ? "code.row" : "code.write",
    severity: same || expected ? "note" : refused ? "blocking" : severityOf(error, known === undefined, madeUp, name),
    subject: name,
    cause: same ? `${error}; so it was with the release before` : error,
    consequence: request
      ? "Whoever opens this page with data like production's sees an error."
      : "Users and jobs that work with such rows fail.",
    remedy: "Mend the code at the place that is named, or the data, in a migration.",
  };
}

/**
 * @param first whether the release before did nothing of the kind
 * @param madeUp whether a row was made up, which a rule of the project's own may refuse
 */
function severityOf(error: string, first: boolean, madeUp: boolean, name: string): Severity {
  if (OF_SURROUNDINGS.test(error)) return "note";
  if (CLIENT_ERROR.test(error) || (first && (PERHAPS_MEANT.test(error) || OF_PICTURE.test(name)))) return "warning";
  return first && madeUp && !OF_DATABASE.test(error) ? "note" : "blocking";
}

/** Whoever was not let in is, or what nobody can make sense of is answered: with somebody else's answer, for example. */
function noLongerRefused({ operation }: CodeOperation, status: string): Finding {
  return {
    id: "code.refusal-gone",
    severity: "blocking",
    subject: operation,
    cause: `it is answered; with the release before it was refused with ${status}`,
    consequence: "Somebody gets what is not for them, or an answer to something else, and no error says so.",
    remedy:
      "Look at what guarded it: a permission, a validation, an object that requests share. Where it is meant, say so in rehearsal:checks.accepted.",
  };
}

function slow({ operation, seconds }: CodeOperation, before: number): Finding {
  return {
    id: "code.slow",
    severity: "blocking",
    subject: operation,
    cause: `it takes ${duration(seconds)}; with the release before it took ${duration(before)}`,
    consequence: "Under production's load all workers come to wait in it, and other pages with them.",
    remedy: "Look for a query in a loop (select_related, prefetch_related) or one that no index serves.",
  };
}

/** The data is the same, and the page asks for it row by row. */
function moreStatements({ operation, statements }: CodeOperation, before: number | undefined): Finding[] {
  if (statements === undefined || before === undefined || ONCE_MORE.test(operation)) return [];
  if (!isManyMore(statements, before)) return [];
  return [
    {
      id: "code.statements",
      severity: "blocking",
      subject: operation,
      cause: `it takes ${statements} SQL statements; with the release before it took ${before}`,
      consequence: "Each waits for the database by itself: the page is slow under load, and more so with each row.",
      remedy: "Look for a query in a loop: select_related or prefetch_related asks for all rows at once.",
    },
  ];
}

/** A record for each row of a page, or worse. */
function moreRecords({ operation, records }: CodeOperation, before: number | undefined): Finding[] {
  if (records === undefined || before === undefined || ONCE_MORE.test(operation)) return [];
  if (!isManyMore(records, before)) return [];
  return [
    {
      id: "code.log-records",
      severity: "blocking",
      subject: operation,
      cause: `it logs ${records} records; with the release before it logged ${before}`,
      consequence: "Logs are rotated away within minutes, or fill the disk; what matters is not found in them.",
      remedy: "Look for a record that is written for each row, and log it below the level of production.",
    },
  ];
}

/** What a form says of a field may depend on the row that it is for. Releases before did not tell the fields. */
function isOfSameFields(earlier: string, error: string): boolean {
  const [known, now] = [earlier, error].map((text) => NOT_TAKEN_FIELDS.exec(text)?.[1]?.split(", "));
  if (now === undefined || !OF_FORM.test(earlier)) return false;
  return known === undefined || now.every((field) => known.includes(field));
}

function isManyMore(now: number, before: number): boolean {
  return now >= before + MANY && now >= before * TIMES;
}

/** The values of a row may be made up, and then they are others each time; a long error ends within them. A status is none. */
function withoutValues(text: string): string {
  return text
    .replace(/\bDETAIL: +(Failing row contains|Key) \(.*?(?=$| \| \S+:\d+$)/, "$1")
    .replaceAll(/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, "#")
    .replaceAll(/(?<!^status \d*)\d+/g, "#");
}
