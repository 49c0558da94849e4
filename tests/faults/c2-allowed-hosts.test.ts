import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "C2",
  class: "configuration",
  title: "ALLOWED_HOSTS lacks a hostname",
  covers:
    "hostnames that the gateway serves and the application refuses, in any task: each one is asked for and looked up in the settings",
});

const HOSTS = 'ALLOWED_HOSTS = environment.comma_separated("DJANGO_ALLOWED_HOSTS")';

/** The hostnames of the deployed environment but for one, as the variable has them. */
function variableWithout(label: string) {
  return async (place: Staged) => {
    const line = place
      .service("app")
      .TaskTemplate.ContainerSpec.Env?.find((one) => one.startsWith("DJANGO_ALLOWED_HOSTS="));
    const names = (line ?? "").slice("DJANGO_ALLOWED_HOSTS=".length).split(",");
    const left = names.filter((name) => name !== place.hostname(label));
    expect(left.length).toBe(names.length - 1);
    await place.release({ variables: { DJANGO_ALLOWED_HOSTS: left.join(",") } });
  };
}

testFaults([
  {
    title: "a hostname is missing in the variable",
    byHand: variableWithout("www"),
    breaks: async (twin) => {
      expect((await twin.get("/", { host: twin.hostname("www") })).status).toBe(400);
      expect((await twin.get("/")).status).toBe(200);
    },
    caught: { id: "app.hosts", words: /expected www\.\S+ in ALLOWED_HOSTS; seen it is not/ },
  },
  {
    title: "the code drops names that begin with a dot, which are the wildcards",
    release: {
      changes: edited("airways/settings.py", [
        HOSTS,
        'ALLOWED_HOSTS = [name for name in environment.comma_separated("DJANGO_ALLOWED_HOSTS") if name[0] != "."]',
      ]),
    },
    breaks: async (twin) => {
      expect((await twin.get("/", { host: twin.hostname("any.tenants") })).status).toBe(400);
      expect((await twin.get("/")).status).toBe(200);
    },
    caught: { id: "app.hosts", words: /expected any\.tenants\.\S+ in ALLOWED_HOSTS; seen it is not/ },
  },
  {
    title: "the code reads another variable, which nobody sets",
    release: {
      changes: edited("airways/settings.py", [HOSTS, 'ALLOWED_HOSTS = environment.comma_separated("DJANGO_HOSTS")']),
    },
    breaks: async (twin) => {
      expect((await twin.get("/")).status).toBe(400);
    },
    caught: { id: "app.hosts", words: /in ALLOWED_HOSTS; seen it is not/ },
  },
]);
