import { type Followed, kindOf } from "../../checks/followed-links.ts";
import type { Finding } from "../../finding.ts";
import { count, counted } from "../../report/format.ts";
import { type AnswerShape, PRIVATE } from "./describe.ts";

/** Of what was there at least so much must be left. */
const SHARE_LEFT = 0.1;
/** A heading that goes alone is a matter of style. */
const SHARE_WITH_HEADING = 0.9;
/** Less than that is too little to lose a share of. */
const FLOOR = 30;

/** One may be a contact's. */
const SEVERAL = 2;
/** So many times as much, and no less than so much: then an answer is of another size. */
const TIMES_AS_MUCH = 10;
const MUCH = 20_000;

/** What of a release's answers was met again: the answers by kind, and those that links led to. */
export interface Compared {
  readonly who: "a visitor" | "the administrator";
  readonly now: Readonly<Record<string, AnswerShape>>;
  readonly before: Readonly<Record<string, AnswerShape>>;
}

/** What readers of a page or clients of an API relied on with the release before, and do not find any more. */
export function lostFindings({ who, now, before }: Compared): Finding[] {
  return Object.entries(before).flatMap(([kind, earlier]) => {
    const found = now[kind];
    // What no link leads to any more was not asked for.
    if (found === undefined || earlier.status >= 400) return [];
    if (found.status >= 400) return [refused(kind, who, earlier, found)];
    if (earlier.type !== found.type) return [otherType(kind, earlier, found)];
    return [
      ...lostFields(kind, earlier, found),
      ...lostPromises(kind, earlier, found),
      ...(who === "a visitor" ? published(kind, earlier, found) : []),
      ...lostHeaders(kind, who, earlier, found),
      ...blockedFindings(kind, earlier, found),
      ...lostVersions(kind, earlier, found),
      ...lostTokens(kind, earlier, found),
      ...emptied(kind, earlier, found),
      ...lostAmount(kind, earlier, found),
      ...lostHeading(kind, earlier, found),
      ...swollen(kind, earlier, found),
    ];
  });
}

/** Links of the release that lead to errors. Those that were as broken before are a note. */
export function brokenFindings(met: readonly Followed[], before: Readonly<Record<string, AnswerShape>>): Finding[] {
  return met.flatMap(({ path, from, status, error }): Finding[] => {
    const fails = status === 0 || status >= 500;
    if (!fails && ![400, 404, 410].includes(status)) return [];
    const known = before[kindOf(path)]?.status === status;
    // A search form says so where what was typed into it is nothing that it takes.
    const typed = status === 400 && path.includes("?");
    return [
      {
        id: fails ? "pages.error" : "pages.broken-link",
        severity: known || typed ? "note" : fails ? "blocking" : "warning",
        subject: path,
        cause: `${from} leads to it, and it answers ${error ?? String(status)}`,
        consequence: "Whoever follows the link sees an error.",
        remedy: fails
          ? "See the application's log for the request."
          : "Mend the link, or leave an answer at the old address: a redirect, or 410 where it is meant.",
      },
    ];
  });
}

/** Pages that only the administrator may see, and that answer everybody. */
export function openFindings(
  asAdministrator: Readonly<Record<string, AnswerShape>>,
  asStranger: readonly { readonly path: string; readonly kind: string; readonly status: number }[],
): Finding[] {
  const open = asStranger
    .filter(({ kind, status }) => status >= 200 && status < 300 && (asAdministrator[kind]?.status ?? 0) < 300)
    .map(({ path }) => path);
  const [first] = open;
  if (first === undefined) return [];
  return [
    {
      id: "pages.open",
      severity: "blocking",
      subject: first,
      cause:
        (open.length === 1 ? "the page" : `this and ${counted(open.length - 1, "other page")}`) +
        " of the administration answer 200 to somebody who has not logged in",
      consequence: "Everybody sees, and may be able to change, what only the staff should.",
      remedy:
        "Look for a check of rights that was taken out (admin_view, login_required, has_permission), or a cache that gives pages to others than who asked for them.",
      evidence: open.slice(0, 20),
    },
  ];
}

function refused(kind: string, who: string, earlier: AnswerShape, found: AnswerShape): Finding {
  const forbidden = found.status === 401 || found.status === 403;
  return {
    id: forbidden ? "pages.forbidden" : "pages.gone",
    severity: "blocking",
    subject: kind,
    cause: `a link leads to it, and it answers ${found.status} to ${who}; with the release before it answered ${earlier.status}`,
    consequence: "What users could reach they reach no more.",
    remedy: forbidden
      ? "Look at what changed in permissions and authentication."
      : "Look at what changed in the URL configuration, the view and its query.",
  };
}

function otherType(kind: string, earlier: AnswerShape, found: AnswerShape): Finding {
  return {
    id: "pages.type",
    severity: "blocking",
    subject: kind,
    cause: `it answers with ${found.type || "no media type"}; with the release before it was ${earlier.type || "none"}`,
    consequence: "Clients that read the one cannot read the other.",
    remedy: "Look at the view's renderers and content type; offer what is new at an address of its own.",
  };
}

function lostFields(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  const there = new Map(found.fields.map(nameAndType));
  return earlier.fields.flatMap((field): Finding[] => {
    const [name, type] = nameAndType(field);
    const now = there.get(name);
    // A list that is empty today, or a value that is null, says nothing of what would be there.
    const unseen = [...there.keys()].every((other) => parentOf(other) !== parentOf(name));
    if (now === undefined && unseen && parentOf(name) !== "") return [];
    if (now !== undefined && (now === type || now === "null" || type === "null")) return [];
    return [
      {
        id: "pages.field",
        severity: "blocking",
        subject: `${kind}: ${name}`,
        cause:
          now === undefined
            ? "the answer has no such field any more, which it had with the release before"
            : `the field is a ${now}; with the release before it was a ${type}`,
        consequence: "Clients of the release before fail, or go on with nothing in its place.",
        remedy:
          "Keep the field beside the new one until no client reads it, or offer the change as another version of the API.",
      },
    ];
  });
}

function lostPromises(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  const kept = new Set(found.promises);
  const lost = earlier.promises.filter((promise) => !kept.has(promise));
  if (lost.length === 0) return [];
  return [
    {
      id: "pages.contract",
      severity: "blocking",
      subject: kind,
      cause: `the API's description names no more: ${lost.slice(0, 5).join("; ")}${lost.length > 5 ? "; …" : ""}`,
      consequence:
        "Clients that use it get an error, or, with a parameter that is not read, other records than they asked for.",
      remedy: "Keep it until no client uses it, or offer the change as another version of the API.",
      evidence: lost,
    },
  ];
}

function published(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  if (earlier.mailAddresses > 0 || found.mailAddresses < SEVERAL) return [];
  return [
    {
      id: "pages.mail-addresses",
      severity: "blocking",
      subject: kind,
      cause: `${found.mailAddresses} addresses of mail stand in what everybody may read; with the release before there was none`,
      consequence: "Personal data is published, and collected within hours.",
      remedy:
        "Look at the fields of the serializer or template: what nobody but the staff may see belongs behind a log-in.",
    },
  ];
}

function lostHeaders(kind: string, who: Compared["who"], earlier: AnswerShape, found: AnswerShape): Finding[] {
  return (
    earlier.headers
      .filter((header) => !found.headers.includes(header))
      // What everybody sees alike may well be kept for everybody.
      .filter((header) => header !== PRIVATE || who === "the administrator")
      .map((header) => ({
        id: "pages.header",
        severity: "blocking",
        subject: `${kind}: ${header}`,
        cause: "the answer does not carry this header any more, which it did with the release before",
        consequence:
          header === PRIVATE
            ? "Caches on the way may keep the page, and show it to others."
            : "Browsers no longer keep from visitors what the header kept from them.",
        remedy:
          "Look at what changed in MIDDLEWARE, in the settings SECURE_…, X_FRAME_OPTIONS and CACHE_…, and in the gateway.",
      }))
  );
}

function blockedFindings(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  const blocked = found.blocked.filter((part) => !earlier.blocked.includes(part));
  if (blocked.length === 0) return [];
  return [
    {
      id: "pages.content-policy",
      severity: "blocking",
      subject: kind,
      cause: `the page's Content-Security-Policy keeps browsers from using ${blocked.slice(0, 5).join(", ")} of it, which they did with the release before`,
      consequence: "The page answers 200 and does not work, or has no style, in browsers alone.",
      remedy:
        "Allow in the policy what the page needs: a nonce or hash for what stands in it, 'self' or the host for files.",
      evidence: blocked,
    },
  ];
}

function lostVersions(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  if (earlier.versioned !== true || found.versioned !== false) return [];
  return [
    {
      id: "pages.file-versions",
      severity: "blocking",
      subject: kind,
      cause:
        "no static file that it is shown with has a hash in its name any more; with the release before they had: browsers " +
        "cannot tell a changed file from the one that they have",
      consequence:
        "After a release, pages of the new code are shown with styles and scripts of the old one; and files are asked for anew that could be kept for a year.",
      remedy: "Have STORAGES['staticfiles'] name ManifestStaticFilesStorage or one that hashes names as well.",
    },
  ];
}

function lostTokens(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  return Object.entries(earlier.forms)
    .filter(([action, token]) => token === "token" && found.forms[action] === "bare")
    .map(([action]) => ({
      id: "pages.form-token",
      severity: "blocking",
      subject: action === "" ? kind : `${kind}: ${action}`,
      cause: "the form does not carry csrfmiddlewaretoken any more, which it did with the release before",
      consequence: "Whoever sends it is answered 403.",
      remedy: "Put {% csrf_token %} into the form again.",
    }));
}

/** Pages that are made for search engines to find. */
export function hiddenFindings(
  starts: readonly string[],
  now: Readonly<Record<string, AnswerShape>>,
  before: Readonly<Record<string, AnswerShape>>,
): Finding[] {
  return starts
    .filter((start) => now[start]?.hidden === true && before[start]?.hidden === false)
    .map((start) => ({
      id: "pages.hidden",
      severity: "blocking",
      subject: start,
      cause: "the page asks search engines to leave it out (noindex), which it did not with the release before",
      consequence: "The site disappears from search results within days, and comes back within weeks.",
      remedy: "Take the robots tag or the X-Robots-Tag header out: they belong to environments that are not public.",
    }));
}

function swollen(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  if (found.amount < MUCH || found.amount < earlier.amount * TIMES_AS_MUCH) return [];
  return [
    {
      id: "pages.swollen",
      severity: "blocking",
      subject: kind,
      cause: amounts(earlier, found),
      consequence: "It takes long to make, to send and to show, and more with each record that is added.",
      remedy:
        "Look for a list or a choice that is given whole: page it, or let it be searched (autocomplete, raw_id_fields).",
    },
  ];
}

function emptied(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  const names = Object.entries(earlier.elements)
    .filter(([name, filled]) => filled === "filled" && found.elements[name] === "empty")
    .map(([name]) => name);
  if (names.length === 0) return [];
  return [
    {
      id: "pages.emptied",
      severity: "blocking",
      subject: kind,
      cause: `nothing stands in ${names.slice(0, 5).join("; ")}, where with the release before something did`,
      consequence:
        "Visitors see gaps where values were; no error is logged, since a template leaves out what it does not find.",
      remedy: "Look for a variable, attribute or context name that the template and the view write differently.",
      evidence: names,
    },
  ];
}

function lostAmount(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  if (earlier.amount < FLOOR || found.amount >= earlier.amount * SHARE_LEFT) return [];
  return [
    {
      id: "pages.amount",
      severity: "blocking",
      subject: kind,
      cause: amounts(earlier, found),
      consequence: "What users look for is not there, and no error says so.",
      remedy: "Look at the query and the template behind it, and whether the data itself is gone.",
    },
  ];
}

/** The main heading goes with what stands below it: a block that no template fills leaves the frame alone. */
function lostHeading(kind: string, earlier: AnswerShape, found: AnswerShape): Finding[] {
  const has = ({ elements }: AnswerShape) => Object.keys(elements).some((name) => /^h1\b/.test(name));
  if (!has(earlier) || has(found) || found.amount >= earlier.amount * SHARE_WITH_HEADING) return [];
  return [
    {
      id: "pages.content",
      severity: "blocking",
      subject: kind,
      cause: `it has no main heading (h1) any more, and ${amounts(earlier, found)}`,
      consequence: "Visitors see the frame of the page without what they came for, and no error says so.",
      remedy: "Look for a block that the page fills and its base template does not have by that name any more.",
    },
  ];
}

function amounts(earlier: AnswerShape, found: AnswerShape): string {
  return `the answer holds ${count(found.amount)} words, values or lines; with the release before it held ${count(earlier.amount)}`;
}

function nameAndType(field: string): [name: string, type: string] {
  const at = field.lastIndexOf(": ");
  return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 2)];
}

function parentOf(name: string): string {
  return name.replace(/(?:^|\.)[^.]*$/, "");
}
