import { createHash } from "node:crypto";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { type Answer, mainClient } from "./gateway-client.ts";
import { assetsOf, assetsOfStyle, integrityOf } from "./references.ts";

const LIMIT = 80;

/** Pages without their style sheets answer 200 all the same. */
export const webStatic: Check = {
  id: "web.static",
  title: "every file that pages and their style sheets reference is served",
  cause:
    "A file that collectstatic did not collect, or another STATIC_URL or STATIC_ROOT than the static files are served at.",
  consequence: "Pages appear without styles, scripts or images although they answer 200.",
  remedy: "Check STATIC_URL (/static/) and STATIC_ROOT of the settings, and that collectstatic finds the file.",
  notApplicable: ({ paths }) =>
    paths.page === "none" && paths.adminLogin === "none" ? "checks.page and checks.adminLogin are none" : undefined,
  run: async (environment) => {
    const { page, adminLogin } = environment.paths;
    const client = mainClient(environment);
    const paths = [page, adminLogin].filter((path) => path !== "none");
    const pages = await Promise.all(paths.map((path) => client.fetch(path)));
    const assets = [...new Set(pages.flatMap(({ body, path }) => assetsOf(body, path)))];
    if (!assets.some((path) => path.startsWith("/static/"))) {
      return [{ expected: "a page that references a file below /static/", seen: "no such reference" }];
    }
    const integrity = new Map(pages.flatMap(({ body, path }) => [...integrityOf(body, path)]));
    const first = await fetchAll(environment, assets.slice(0, LIMIT), integrity);
    const further = [...new Set(first.flatMap(({ styles }) => styles))].filter((path) => !assets.includes(path));
    const second = await fetchAll(environment, further.slice(0, LIMIT));
    return [...first, ...second].flatMap(({ findings }) => findings);
  },
};

interface Fetched {
  readonly findings: readonly Finding[];
  /** What it references itself, where it is a style sheet. */
  readonly styles: readonly string[];
}

/** @param integrity what browsers demand of some of them */
async function fetchAll(
  environment: DeployedEnvironment,
  assets: readonly string[],
  integrity: ReadonlyMap<string, string> = new Map(),
): Promise<Fetched[]> {
  const client = mainClient(environment);
  return await Promise.all(
    assets.map(async (asset) => {
      const answer = asset.startsWith("/static/") ? await client.once(asset) : await client.fetch(asset);
      const { status, body } = answer;
      if (status === 200 && body.length > 0) {
        const findings = [...refused(answer, asset, integrity.get(asset)), ...textInPlace(answer, asset)];
        return { findings, styles: stylesOf(answer, asset) };
      }
      const finding = {
        expected: `200 and content at ${client.origin}${asset}`,
        seen: `${status}, ${body.length} characters`,
      };
      return { findings: [finding], styles: [] };
    }),
  );
}

/** What browsers fetch and then do not use. */
function refused({ headers, body }: Answer, asset: string, integrity = ""): Finding[] {
  const demanded = [...integrity.matchAll(/\b(sha256|sha384|sha512)-([A-Za-z0-9+/=]+)/g)];
  // The bytes of what is no text are not kept.
  if (demanded.length === 0 || !/^text\/|javascript|json/.test(String(headers["content-type"] ?? ""))) return [];
  const [strongest = ""] = demanded.map(([, name = ""]) => name).sort((one, other) => other.localeCompare(one));
  const digest = createHash(strongest).update(body, "utf8").digest("base64");
  if (demanded.some(([, name, value]) => name === strongest && value === digest)) return [];
  return [
    {
      expected: `${asset} with the content that the page's integrity="${integrity}" demands`,
      seen: `${strongest}-${digest}: browsers refuse the file`,
    },
  ];
}

/** Of what is served as one of these, no file is text from its beginning on; SVG is. */
const BINARY = /^(?:image\/(?!svg)|font\/|application\/(?:font|pdf|vnd\.ms-fontobject))/;
const LOOKED_AT = 512;

/** A pointer that stands for a large file (Git LFS), or a message in place of a download. */
function textInPlace({ headers, body }: Answer, asset: string): Finding[] {
  const kind = String(headers["content-type"] ?? "");
  const beginning = body.slice(0, LOOKED_AT);
  if (!BINARY.test(kind) || /[^\t\n\r\x20-\x7e]/.test(beginning)) return [];
  const [line = ""] = beginning.trimStart().split("\n");
  return [
    {
      expected: `${asset} with the content of an ${kind}`,
      seen: `a text that begins with ${JSON.stringify(line.slice(0, 80))}: ${
        line.includes("git-lfs") ? "the pointer of Git LFS, where the file itself was not checked out" : "no such file"
      }`,
    },
  ];
}

function stylesOf({ headers, body }: Answer, asset: string): string[] {
  return /\btext\/css\b/.test(String(headers["content-type"] ?? "")) ? assetsOfStyle(body, asset) : [];
}
