import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "P3",
  class: "engine and network",
  title: "the health check passes while the database is away: a bad release goes live",
  covers:
    "services that become healthy without what they need, tried on a throw-away task with nobody at its database's address",
});

const SERVE = ["/opt/rehearsal/run", "exec", "--", "gunicorn", "airways.wsgi:application", "--bind", "0.0.0.0:8000"];
const ASK = [
  "import http.client",
  "asked = http.client.HTTPConnection('127.0.0.1', 8000, timeout=3)",
  "asked.request('GET', '/favicon.ico', headers={'Host': 'HOST', 'X-Forwarded-Proto': 'https'})",
  "raise SystemExit(asked.getresponse().status >= 400)",
].join("\n");

/** Starts the application without the wait for its database, with a health check of the project's own. */
function ownHealthCheck(...words: readonly string[]) {
  return (place: Staged) =>
    place.update("app", ({ TaskTemplate: { ContainerSpec } }) => {
      ContainerSpec.Command = SERVE;
      const Test = words.map((word) => word.replace("HOST", place.hostname()));
      ContainerSpec.Healthcheck = { ...ContainerSpec.Healthcheck, Test };
    });
}

/** A release with a wrong password goes live, and every page fails. */
async function badReleaseGoesLive(twin: Staged): Promise<void> {
  expect((await twin.get("/")).status).toBe(200);
  const url = twin.deployed().releaseContainer.secrets?.["DATABASE_URL"] ?? "";
  await twin.replaceSecrets("app", { DATABASE_URL: url.replace(/:[^:@]+@/, ":wrong@") });
  expect(twin.failures).toEqual([]);
  expect((await twin.get("/")).status).toBe(500);
}

const caught = {
  id: "health.database-away",
  words: /expected a task that is not healthy while nobody listens .*; seen healthy/,
};

testFaults([
  { title: "it calls true", byHand: ownHealthCheck("CMD", "true"), breaks: badReleaseGoesLive, spoils: true, caught },
  {
    title: "it asks whether the port is open",
    byHand: ownHealthCheck("CMD", "python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 2)"),
    breaks: badReleaseGoesLive,
    spoils: true,
    caught,
  },
  {
    title: "it asks for a page that needs no database",
    byHand: ownHealthCheck("CMD", "python3", "-c", ASK),
    breaks: badReleaseGoesLive,
    spoils: true,
    caught,
  },
]);
