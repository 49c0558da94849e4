import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { HarmlessCase } from "./harness/injection.ts";
import { edited } from "./harness/stage.ts";
import { together } from "./harness/together.ts";
import { testHarmless } from "./harness/whole-environment.ts";

describeFault({
  id: "environment",
  class: "clean releases",
  title: "releases and changes that go through a whole environment",
  covers: "critical checks and all steps of a run, without a false alarm",
});

const STEPS = ["prepare", "pages", "code", "etl", "settings", "database", "logs"];
const PACKAGES = "/opt/venv/lib/python3*/site-packages";

/** What many releases hold, each of which harms nobody by itself either. */
const CHANGES: readonly HarmlessCase[] = [
  {
    title: "another template",
    release: {
      changes: edited("flights/templates/flights/airport_list.html", ["<h1>Airports</h1>", "<h1>All airports</h1>"]),
    },
    works: async (twin) => {
      expect((await twin.get("/airports/")).body).toContain("All airports");
    },
  },
  {
    title: "a new page with a link to it",
    release: {
      changes: {
        ...edited("flights/urls.py", [
          'path("airports/", ',
          'path("about/", views.TemplateView.as_view(template_name="flights/about.html"), name="about"),\n    path("airports/", ',
        ]),
        ...edited("flights/templates/flights/home.html", [
          "{% block content %}",
          '{% block content %}<p><a href="{% url "about" %}">About</a></p>',
        ]),
        "flights/templates/flights/about.html":
          '{% extends "base.html" %}{% block content %}<h1>About</h1>{% endblock %}\n',
      },
    },
    works: async (twin) => {
      expect((await twin.get("/about/")).status).toBe(200);
    },
  },
  {
    title: "a new dependency, used in a function",
    release: {
      changes: edited("flights/delays.py", [
        "",
        "def shiny():\n    import shiny_package\n\n    return shiny_package\n\n\n",
      ]),
      steps: [
        `RUN cd ${PACKAGES} && mkdir shiny_package shiny_package-1.0.dist-info && touch shiny_package/__init__.py`,
        "RUN cd /opt/venv/lib/python3*/site-packages && printf 'Metadata-Version: 2.1\\nName: shiny-package\\nVersion: 1.0\\nRequires-Dist: django>=4\\n' > shiny_package-1.0.dist-info/METADATA",
      ].join("\n"),
    },
  },
  {
    title: "a notice in the log at each visit",
    release: {
      changes: edited("flights/views.py", [
        "        return super().get_context_data(\n            search=",
        '        import logging\n\n        logging.getLogger("visits").info("no errors so far")\n        return super().get_context_data(\n            search=',
      ]),
    },
    before: async (sandbox) => {
      for (let visits = 0; visits < 5; visits++) await sandbox.get("/");
    },
  },
];

testHarmless([
  { title: "what was deployed, as it is", steps: [...STEPS, "drift"] },
  {
    title: "other code for the same",
    release: { changes: { "flights/delays.py": "DELAYED_FROM_MINUTES = 3 * 5\n" } },
    compared: true,
    steps: STEPS,
  },
  {
    title: "other figures, with which somebody has decided to release",
    release: { changes: { "flights/delays.py": "DELAYED_FROM_MINUTES = 20\n" } },
    accepted: [
      {
        finding: "code.answer",
        subject: "/reports/routes.csv",
        reason: "delays count from 20 minutes",
        until: "2999-12-31",
      },
    ],
    compared: true,
    steps: STEPS,
  },
  {
    title: "a new variable of application and worker",
    release: { variables: { FAULT_FREE: "1" } },
    compared: true,
    steps: STEPS,
  },
  {
    ...together(CHANGES),
    title: CHANGES.map(({ title }) => title).join("; "),
    works: async (twin) => {
      for (const { works } of CHANGES) await works?.(twin);
    },
    compared: true,
    steps: STEPS,
  },
]);
