import { createHash } from "node:crypto";
import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "S1",
  class: "static files",
  title: "static files were not collected",
  covers:
    "files that pages and their style sheets name and that are not served, or not with the content that their names stand for",
});

const COLLECT =
  "RUN DJANGO_SETTINGS_MODULE=airways.settings DJANGO_SECRET_KEY=building /opt/rehearsal/run collectstatic";
const BASE = "templates/base.html";
const STALE = `sha384-${createHash("sha384").update("body { color: black }").digest("base64")}`;

/** The answers to all style sheets that the first page names. */
async function styles(twin: Staged) {
  const { body } = await twin.get("/");
  const paths = [...body.matchAll(/href="([^"]+\.css)"/g)].map(([, path]) => path ?? "");
  expect(paths.length).toBeGreaterThan(0);
  return await Promise.all(paths.map((path) => twin.get(path)));
}

testFaultsTogether([
  {
    title: "a page names a file by hand that there is not",
    release: {
      changes: edited(BASE, ["</head>", '<link rel="stylesheet" href="/static/flights/print.css">\n</head>']),
    },
    breaks: async (twin) => {
      expect((await styles(twin)).map(({ status }) => status)).toContain(404);
    },
    caught: { id: "web.static", words: /\/static\/flights\/print\.css.*404/ },
  },
  {
    title: "a page demands of a style sheet what it held before",
    release: {
      changes: edited(BASE, [
        `<link rel="stylesheet" href="{% static 'flights/site.css' %}">`,
        `<link rel="stylesheet" href="{% static 'flights/site.css' %}" integrity="${STALE}">`,
      ]),
    },
    breaks: async (twin) => {
      const digests = (await styles(twin)).map(({ body }) => createHash("sha384").update(body).digest("base64"));
      expect((await twin.get("/")).body).toContain(`integrity="${STALE}"`);
      expect(digests).not.toContain(STALE.replace("sha384-", ""));
    },
    caught: { id: "web.static", words: /site\.\S+css with the content that the page's integrity="sha384-/ },
  },
]);

testFaults([
  {
    title: "the pages' names are those of the new release, the served files those of the old one",
    release: {
      changes: { "flights/static/flights/site.css": "body { color: black }\n" },
      steps: COLLECT,
    },
    breaks: async (twin) => {
      expect((await styles(twin)).map(({ status }) => status)).toContain(404);
    },
    caught: { id: "web.static", words: /site\.[0-9a-f]{12}\.css; seen 404|site\.[0-9a-f]{12}\.css.*404/ },
  },
  {
    title: "somebody has emptied the volume",
    byHand: async (place) => {
      const { said, exitCode } = await place.exec("static", ["sh", "-c", "rm -r /srv/static/flights && echo gone"]);
      expect(said, String(exitCode)).toContain("gone");
      place.onReset(() => place.exec("static", ["sh", "-c", "cp -R /release/static/flights /srv/static/"]));
    },
    breaks: async (twin) => {
      expect((await styles(twin)).map(({ status }) => status)).toContain(404);
    },
    caught: { id: "web.static", words: /\.css.*404/ },
  },
  {
    title: "a served file was changed by hand, and browsers keep it for a year",
    byHand: async (place) => {
      const change =
        'for file in /srv/static/flights/site.*.css; do echo "body { display: none }" > "$file"; rm -f "$file.gz"; done; echo changed';
      expect((await place.exec("static", ["sh", "-c", change])).said).toContain("changed");
      place.onReset(() => place.exec("static", ["sh", "-c", "cp -R /release/static/flights /srv/static/"]));
    },
    breaks: async (twin) => {
      expect((await styles(twin)).map(({ body }) => body).join()).toContain("display: none");
    },
    steps: ["drift"],
    caught: { id: "drift.changed-file", words: /flights\/site\.[0-9a-f]{12}\.css.*somebody changed the volume/ },
  },
]);
