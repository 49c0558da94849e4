import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "C3",
  class: "configuration",
  title: "DEBUG is on",
  covers:
    "settings for development in a release, whoever turned them on: what visitors are shown is asked for, and the settings are read",
});

const NOWHERE = "/there-is-no-such-page/";

testFaults([
  {
    title: "DEBUG on by a variable of the service",
    release: { variables: { DJANGO_DEBUG: "1" } },
    breaks: async (twin) => {
      const { status, body } = await twin.get(NOWHERE);
      expect(status).toBe(404);
      expect(body).toContain("Using the URLconf defined in");
    },
    caught: { id: "app.debug-off", words: /expected a plain error page .* seen 404 with Django's debug page/ },
  },
  {
    title: "DEBUG on in the code, whatever the variable says",
    release: {
      changes: edited("airways/settings.py", ['DEBUG = environment.boolean("DJANGO_DEBUG")', "DEBUG = True"]),
    },
    breaks: async (twin) => {
      expect((await twin.get(NOWHERE)).body).toContain("Using the URLconf defined in");
    },
    caught: { id: "app.debug-off", words: /expected settings with DEBUG = False; seen True/ },
  },
  {
    title: "cookies that are sent without TLS as well, as on a developer's machine",
    release: {
      changes: edited("airways/settings.py", ["SESSION_COOKIE_SECURE = not DEBUG", "SESSION_COOKIE_SECURE = False"]),
    },
    breaks: async (twin) => {
      const { said } = await twin.manage(
        "app",
        "shell",
        "-c",
        "from django.conf import settings; print(settings.SESSION_COOKIE_SECURE)",
      );
      expect(said).toContain("False");
    },
    caught: { id: "web.cookies", words: /sessionid/ },
  },
]);
