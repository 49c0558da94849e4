import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "A1-misleading",
  class: "behaviour",
  title: "answers that browsers, caches and clients make something else of than their authors",
  covers:
    "cookies that are not sent where they are needed, errors that are told as success, files that cannot be told from those of the release before",
});

const NOWHERE = "/airports/there-is-no-such-airport/";

/** Of a list of the API. */
interface Page {
  readonly results: readonly { readonly code: string }[];
  readonly next: string | null;
}

testFaultsTogether([
  {
    title: "the cookie of forms is for the administration alone",
    steps: ["pages"],
    release: {
      changes: edited("airways/settings.py", [
        "CSRF_COOKIE_SECURE = not DEBUG\n",
        'CSRF_COOKIE_SECURE = not DEBUG\nCSRF_COOKIE_PATH = "/admin/"\n',
      ]),
    },
    breaks: async (twin) => {
      const { headers } = await twin.get("/airports/SEA/remarks/new/");
      expect(String(headers["set-cookie"])).toMatch(/csrftoken=[^;]+;.*Path=\/admin\//);
    },
    caught: { id: "pages.form-cookie", words: /cookie csrftoken with Path=\/admin\/: browsers do not send it there/ },
  },
  {
    title: "a friendly page in place of errors, with status 200",
    compared: true,
    steps: ["pages"],
    release: {
      changes: edited(
        "airways/urls.py",
        [
          "from django.http import HttpRequest, HttpResponsePermanentRedirect",
          "from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect",
        ],
        [
          "urlpatterns = [",
          'def sorry(request: HttpRequest, exception: Exception) -> HttpResponse:\n    return HttpResponse("<h1>Sorry</h1>")\n\n\nhandler404 = sorry\n\nurlpatterns = [',
        ],
      ),
    },
    breaks: async (twin) => {
      expect(await twin.get(NOWHERE)).toMatchObject({ status: 200, body: "<h1>Sorry</h1>" });
    },
    caught: { id: "pages.error-status", words: /is answered 200; with the release before it was 404/ },
  },
  {
    title: "static files have no hash in their names",
    compared: true,
    steps: ["pages"],
    release: { changes: edited("airways/settings.py", ["ManifestStaticFilesStorage", "StaticFilesStorage"]) },
    breaks: async (twin) => {
      const [, name = ""] = /href="(\/static\/flights\/site[^"]*)"/.exec((await twin.get("/")).body) ?? [];
      expect(name).toBe("/static/flights/site.css");
      // The next release has other content under the name that browsers go on using what they keep of.
      expect((await twin.get(name)).headers["cache-control"]).toMatch(/max-age=[1-9]/);
    },
    caught: { id: "pages.file-versions", words: /no static file that it is shown with has a hash in its name/ },
  },
  {
    title: "the order of a list does not tell all rows apart",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited("api/views.py", [
        "queryset = Airport.objects.all()",
        'queryset = Airport.objects.order_by("state")',
      ]),
    },
    breaks: async (twin) => {
      const codes: string[] = [];
      for (let path = "/api/v1/airports/"; path !== ""; ) {
        const { results, next } = JSON.parse((await twin.get(path)).body) as Page;
        codes.push(...results.map(({ code }) => code));
        path = next === null ? "" : `${new URL(next).pathname}${new URL(next).search}`;
      }
      expect(new Set(codes).size).toBeLessThan(codes.length);
    },
    caught: {
      id: "code.request",
      words: /\/api\/v1\/airports\/ page by page: \d+ of \d+ records on \d+ pages stand on two of them/,
    },
  },
  {
    title: "the API answers programs, and fails where a person opens it",
    compared: true,
    steps: ["pages"],
    release: {
      steps: "RUN rm -r /opt/venv/lib/python3*/site-packages/rest_framework/templates/rest_framework/base.html",
    },
    breaks: async (twin) => {
      expect((await twin.get("/api/v1/airports/")).status).toBe(200);
      const page = await twin.get("/api/v1/airports/", { headers: { Accept: "text/html" } });
      expect(page.status).toBe(500);
    },
    caught: {
      id: "pages.format",
      words: /\/api\/\S* as a page: it is answered 500; with the release before it was 200/,
    },
  },
]);
