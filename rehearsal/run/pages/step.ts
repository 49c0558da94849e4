import { administrationIndex, logIn, logOut } from "../../checks/administration.ts";
import { kindOf } from "../../checks/followed-links.ts";
import { mainClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import type { RunStep } from "../step.ts";
import { brokenFindings, lostFindings, openFindings } from "./compare.ts";
import { PAGES, type PagesState, shapesOf } from "./state.ts";
import { type MissingAsset, type Walk, walk } from "./walk.ts";

const KIND = "pages";

/** After a deployment a few links are followed; here it is every kind of page, held against the release before. */
export const pages: RunStep = {
  id: "pages",
  title: "pages and API answer as users know them",
  run: async (context) => {
    const { environment, release, reports, site, signal } = context;
    const starts = [site.paths.page, site.paths.api].filter((path) => path !== "none");
    if (starts.length === 0 && site.paths.adminLogin === "none") {
      return { detail: "", findings: [], skipped: "checks.page, checks.api and checks.adminLogin are none" };
    }
    const before = (await keptOf(reports, KIND, environment, PAGES)).find((state) => state.release !== release);
    const visitor = await walk(mainClient(site), starts, signal, (path) => !isAdministration(context, path));
    const administrator = await administratorWalk(context);
    const now: PagesState = {
      version: 1,
      environment,
      release,
      takenAt: new Date().toISOString(),
      visitor: shapesOf(visitor.met),
      administrator: shapesOf(administrator.met),
    };
    const findings = [
      ...walkFindings(visitor, before?.visitor ?? {}),
      ...walkFindings(administrator, before?.administrator ?? {}),
      ...lostFindings({ who: "a visitor", now: now.visitor, before: before?.visitor ?? {} }),
      ...lostFindings({ who: "the administrator", now: now.administrator, before: before?.administrator ?? {} }),
      ...openFindings(now.administrator, await asStranger(context, administrator)),
    ];
    if (!findings.some(({ severity }) => severity === "blocking")) await keep(reports, KIND, now);
    return {
      detail:
        `${counted(visitor.met.length, "page")} and ${counted(administrator.met.length, "page")} of the administration, ` +
        `${counted(visitor.assets + administrator.assets, "file")} that they are shown with; ` +
        (before === undefined ? "no release before to compare with" : `compared with release ${before.release}`),
      findings,
    };
  },
};

function walkFindings({ met, missing }: Walk, before: PagesState["visitor"]): Finding[] {
  return [...brokenFindings(met, before), ...missing.map(missingFinding)];
}

function missingFinding({ path, from, seen }: MissingAsset): Finding {
  return {
    id: "pages.asset",
    severity: "blocking",
    subject: path,
    cause: `${from} is shown with it, and it answers ${seen}`,
    consequence: "The page appears without its style, script or picture.",
    remedy:
      "Check that collectstatic finds the file, that uploaded files are on the media volume, and the path in the template.",
  };
}

/** Everything below the administration's index, without what changes something. */
async function administratorWalk(context: RunContext): Promise<Walk> {
  const { site, signal } = context;
  const { adminLogin } = site.paths;
  if (adminLogin === "none" || site.administrator.password === "") return { met: [], missing: [], assets: 0 };
  const client = mainClient(site);
  const index = administrationIndex(adminLogin);
  const login = await logIn(client, adminLogin, site.administrator);
  if (login.status !== 302) {
    throw new Error(
      `${site.administrator.username} must be able to log in at ${adminLogin}; it answered ${login.status}`,
    );
  }
  try {
    return await walk(client, [index], signal, (path) => isAdministration(context, path));
  } finally {
    await logOut(client, index);
  }
}

/** The administration's pages, each kind once, as somebody sees them who has not logged in. */
async function asStranger({ site, signal }: RunContext, { met }: Walk) {
  const client = mainClient(site);
  const kinds = new Map(met.filter(({ status }) => status < 300).map(({ path }) => [kindOf(path), path]));
  const seen: { path: string; kind: string; status: number }[] = [];
  for (const [kind, path] of kinds) {
    signal.throwIfAborted();
    const { status } = await client.once(path);
    seen.push({ path, kind, status });
  }
  return seen;
}

function isAdministration({ site }: RunContext, path: string): boolean {
  const { adminLogin } = site.paths;
  return adminLogin !== "none" && path.startsWith(administrationIndex(adminLogin));
}
