import { expect } from "vitest";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "B4",
  class: "database",
  title: "connections leak under load: the server is exhausted",
  covers:
    "what only many requests show: connections, memory, files and threads that grow with them, tasks that die, answers that fail now and then",
});

const FIRST = '    "django.middleware.security.SecurityMiddleware",';

/** A release whose every request does something more. */
function eachRequest(...lines: readonly string[]) {
  const middleware = [
    "import itertools",
    "",
    "from django.db import connection",
    "",
    "KEPT = []",
    "NUMBERS = itertools.count(1)",
    "",
    "",
    "def each_request(get_response):",
    "    def middleware(request):",
    ...lines.map((line) => `        ${line}`),
    "        return get_response(request)",
    "",
    "    return middleware",
    "",
  ];
  return {
    changes: {
      "airways/each_request.py": middleware.join("\n"),
      ...edited("airways/settings.py", [FIRST, `    "airways.each_request.each_request",\n${FIRST}`]),
    },
  };
}

/** Statuses of so many requests, ten at a time. */
async function statuses(twin: Staged, requests: number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < requests) {
    const some = await Promise.all(Array.from({ length: 10 }, () => twin.get("/")));
    seen.push(...some.map(({ status }) => status));
  }
  return seen;
}

testFaults([
  {
    title: "every request keeps a connection",
    release: eachRequest("kept = connection.copy()", "kept.ensure_connection()", "KEPT.append(kept)"),
    breaks: async (twin) => {
      expect((await statuses(twin, 300)).filter((status) => status === 500).length).toBeGreaterThan(0);
    },
    spoils: true,
    steps: ["load"],
    caught: { id: "load.connections-full", words: /were open under load, and the server takes \d+\napp: \d\d/ },
  },
  {
    title: "every request keeps memory",
    release: eachRequest('KEPT.append(b"x" * 3_000_000)'),
    breaks: async (twin) => {
      const container = docker.getContainer(await twin.containerId("app"));
      await statuses(twin, 600);
      const log = await container.logs({ stdout: true, stderr: true, tail: 2000 });
      expect(log.toString("utf8")).toMatch(/was sent SIGKILL! Perhaps out of memory/);
    },
    spoils: true,
    steps: ["load"],
    caught: { id: "load.memory-killed", words: /the kernel ended \d+ processes of it, for want of memory/ },
  },
  {
    title: "every hundredth request fails",
    release: eachRequest("if next(NUMBERS) % 100 == 0:", '    raise RuntimeError("no luck")'),
    breaks: async (twin) => {
      expect((await statuses(twin, 400)).filter((status) => status === 500).length).toBeGreaterThan(0);
    },
    steps: ["load"],
    caught: { id: "load.requests-lost", words: /500/ },
  },
]);
