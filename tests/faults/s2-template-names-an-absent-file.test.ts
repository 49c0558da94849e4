import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "S2",
  class: "static files",
  title: "a template names a file that there is not",
  covers:
    "pages that fail when they are rendered: those that the first page leads to are asked for, and the log says what failed",
});

const DETAIL = "flights/templates/flights/airport_detail.html";
const LIST = "flights/templates/flights/airport_list.html";

function fails(path: string) {
  return async (twin: Staged) => {
    expect((await twin.get("/")).status).toBe(200);
    expect((await twin.get(path)).status).toBe(500);
  };
}

testFaultsTogether([
  {
    title: "a page of details names an absent file",
    release: {
      changes: edited(DETAIL, [
        "{% block content %}",
        '{% load static %}{% block content %}<img src="{% static "flights/plane.png" %}" alt="">',
      ]),
    },
    breaks: fails("/airports/SEA/"),
    caught: { id: "web.links", words: /\/airports\/\S+.*500/ },
  },
  {
    title: "a list links to a page that has another name now",
    release: {
      changes: edited(LIST, ["{% block content %}", '{% block content %}<a href="{% url "airport-map" %}">Map</a>']),
    },
    breaks: fails("/airports/"),
    caught: { id: "web.links", words: /\/airports\/.*500/ },
  },
  {
    title: "a template includes one that was deleted",
    release: {
      changes: edited("reports/templates/reports/reports.html", [
        "{% block content %}",
        '{% block content %}{% include "reports/_summary.html" %}',
      ]),
    },
    breaks: fails("/reports/"),
    caught: { id: "web.links", words: /\/reports\/.*500/ },
  },
]);
