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
]);
