import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "P1",
  class: "engine and network",
  title: "the health check calls a tool that the image lacks: the tasks restart for ever",
  covers:
    "health checks that no task can pass, whatever they call and however they call it: told by the task's own error and by what its health check printed",
});

const SECOND = 1e9;

/** Another health check, which has as long as tasks take on a slow machine. */
function healthCheck(role: string, ...Test: readonly string[]) {
  return (place: Staged) =>
    place.update(role, ({ TaskTemplate: { ContainerSpec } }) => {
      ContainerSpec.Healthcheck = { Test, Interval: SECOND, Timeout: 5 * SECOND, Retries: 3, StartPeriod: 5 * SECOND };
    });
}

function isDown(role: string, path: string) {
  return async (twin: Staged) => {
    expect(twin.failures.join("\n")).toContain(`${twin.name}-${role}`);
    expect((await twin.get(path)).status).not.toBe(200);
  };
}

testFaults([
  {
    title: "a tool that is called by itself",
    byHand: healthCheck("app", "CMD", "wget", "--spider", "http://127.0.0.1:8000/"),
    breaks: isDown("app", "/"),
    caught: { id: "rollout.failed", words: /"?wget"?: executable file not found/ },
  },
  {
    title: "a tool that is called through a shell",
    byHand: healthCheck("app", "CMD-SHELL", "curl --fail http://127.0.0.1:8000/ || exit 1"),
    breaks: isDown("app", "/"),
    caught: { id: "rollout.failed", words: /curl: not found/ },
  },
  {
    title: "a check that asks at another port than the service listens at",
    byHand: healthCheck("static", "CMD", "curl", "--fail", "--silent", "--show-error", "http://127.0.0.1:8000/"),
    breaks: isDown("static", "/static/flights/site.css"),
    caught: {
      id: "rollout.failed",
      words: /Failed to connect to 127\.0\.0\.1 port 8000|Could not connect to server|Couldn't connect to server/,
    },
  },
  {
    title: "the server listens where nobody but its own health check reaches it",
    release: { changes: edited("gunicorn.conf.py", ['f"0.0.0.0:', 'f"127.0.0.1:']), roles: ["app"] },
    breaks: isDown("app", "/"),
    caught: { id: "rollout.failed", words: /it listens on 127\.0\.0\.1:8000 alone, where nobody else reaches it/ },
  },
]);
