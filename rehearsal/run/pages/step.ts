import { withConnection } from "../../../engine/postgres.ts";
import { stops, withDecisions } from "../../accepted.ts";
import { administrationIndex, logIn, logOut } from "../../checks/administration.ts";
import { kindOf } from "../../checks/followed-links.ts";
import { mainClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { databaseIdentity } from "../database/data/tables.ts";
import { keep, keptOf } from "../kept.ts";
import { knownSecrets } from "../logs/disclosed.ts";
import type { Production } from "../preflight/production.ts";
import type { RunStep } from "../step.ts";
import { addressesOf, askAgain, goneFindings } from "./addresses.ts";
import { brokenFindings, hiddenFindings, lostFindings, openFindings } from "./compare.ts";
import { cookieFindings, cookiesOf } from "./cookies.ts";
import { credentialFindings, tryCredentials } from "./credentials.ts";
import { disclosedFindings } from "./disclosed.ts";
import { folded } from "./folded.ts";
import { cookiePathFindings, referrerFindings } from "./forms.ts";
import { longFormFindings } from "./long-forms.ts";
import { claimedHosts, ownAddressFindings } from "./own-address.ts";
import { parameterFindings, tryParameters } from "./parameters.ts";
import { mixedUpFindings, openAsAdministrator, type Personal } from "./personal.ts";
import { PAGES, type PagesState, shapesOf } from "./state.ts";
import { tryAsPages, tryClients, tryNowhere, trySpellings, variantFindings } from "./variants.ts";
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
    const { administrator, opened, login } = await administratorWalk(context, visitor);
    const data = await dataOf(context);
    const addresses = addressesOf(visitor.met);
    const answers = visitor.met.flatMap(({ answer }) => answer ?? []);
    const longForms = await longFormFindings(mainClient(site), answers, before?.longForms);
    const claimed = await claimedHosts(mainClient(site), visitor.met);
    const now: PagesState = {
      version: 2,
      environment,
      release,
      takenAt: new Date().toISOString(),
      visitor: shapesOf(visitor.met),
      administrator: shapesOf(administrator.met),
      addresses,
      cookies: cookiesOf(visitor.met, login),
      credentials: site.paths.api === "none" ? {} : await tryCredentials(mainClient(site), site.paths.api),
      variants: await variantsOf(context, starts, addresses),
      parameters: await tryParameters(mainClient(site), addresses),
      claimed: Object.keys(claimed).sort(),
      longForms: [...longForms.answered],
      data,
    };
    const again =
      before === undefined
        ? []
        : await askAgain(mainClient(site), before.addresses, visitor.met, before.data === data, signal);
    const all = [...visitor.met, ...administrator.met];
    const findings = folded([
      ...walkFindings(visitor, before?.visitor ?? {}),
      ...walkFindings(administrator, before?.administrator ?? {}),
      ...lostFindings({ who: "a visitor", now: now.visitor, before: before?.visitor ?? {} }),
      ...lostFindings({ who: "the administrator", now: now.administrator, before: before?.administrator ?? {} }),
      ...goneFindings(again, now.visitor),
      ...hiddenFindings(starts, now.visitor, before?.visitor ?? {}),
      ...longForms.findings,
      ...ownAddressFindings(claimed, site.hostnames, before?.claimed, () => productionOf(context)),
      ...credentialFindings(site.paths.api, now.credentials, before?.credentials ?? {}),
      ...variantFindings(now.variants ?? {}, before?.variants ?? {}),
      ...(before?.data === data ? parameterFindings(now.parameters ?? {}, before.parameters ?? {}) : []),
      ...referrerFindings(all),
      ...cookiePathFindings(all),
      ...(await cookieFindings(now, before, () => mainClient(site), signal)),
      ...disclosedFindings(all, knownSecrets(context.declaration.secrets)),
      ...openFindings(now.administrator, await asStranger(context, administrator)),
      ...(await mixedUpFindings(mainClient(site), opened, signal)),
    ]);
    if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, now);
    return {
      detail:
        `${counted(visitor.met.length, "page")} and ${counted(administrator.met.length, "page")} of the administration, ` +
        `${counted(visitor.assets + administrator.assets, "file")} that they are shown with; ` +
        (before === undefined ? "no release before to compare with" : `compared with release ${before.release}`),
      findings,
    };
  },
};

function productionOf({ production }: RunContext): Production | undefined {
  const found = production?.();
  return found === undefined || "none" in found ? undefined : found;
}

async function variantsOf({ site }: RunContext, starts: readonly string[], addresses: PagesState["addresses"]) {
  const client = mainClient(site);
  const { api } = site.paths;
  let answers = {
    ...(await trySpellings(client, addresses)),
    ...(api === "none" ? {} : await tryAsPages(client, api, addresses)),
  };
  for (const path of starts) {
    answers = { ...answers, ...(await tryClients(client, path)), ...(await tryNowhere(client, path)) };
  }
  return answers;
}

/** Which database the pages show. */
async function dataOf({ administration }: RunContext): Promise<string> {
  return await withConnection(administration, async (client) => {
    await client.query("BEGIN READ ONLY");
    const { identity } = await databaseIdentity(client);
    await client.query("ROLLBACK");
    return identity;
  });
}

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

/** Everything below the administration's index, without what changes something, and the visitor's pages once more. */
async function administratorWalk(
  context: RunContext,
  visitor: Walk,
): Promise<{ administrator: Walk; opened: readonly Personal[]; login: readonly string[] }> {
  const { site, signal } = context;
  const { adminLogin } = site.paths;
  if (adminLogin === "none" || site.administrator.password === "") {
    return { administrator: { met: [], missing: [], assets: 0 }, opened: [], login: [] };
  }
  const client = mainClient(site);
  const index = administrationIndex(adminLogin);
  const login = await logIn(client, adminLogin, site.administrator);
  if (login.status !== 302) {
    throw new Error(
      `${site.administrator.username} must be able to log in at ${adminLogin}; it answered ${login.status}`,
    );
  }
  const set = [...client.received];
  try {
    return {
      login: set,
      administrator: await walk(client, [index], signal, (path) => isAdministration(context, path)),
      opened: await openAsAdministrator(client, visitor.met, adminLogin, signal),
    };
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
