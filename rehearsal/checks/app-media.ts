import { runInContainer } from "../../engine/container-command.ts";
import { RUNTIME } from "../runtime.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { mainClient } from "./gateway-client.ts";
import { isOneOf } from "./hostnames.ts";
import { taskProbes } from "./task-probe.ts";

/** What a task has stored through the project's own storage; null where that is no folder of the task. */
type Stored = { readonly url: string; readonly file: string } | null;

/** Of addresses that name no host. */
const HERE = "https://this-host.invalid";
const CONTENT = "written by a check of the deployment\n";
/** As Django stores an upload, under a name that is not ASCII. */
const STORE = `
import sys
sys.path = ["."] + [path for path in sys.path if path]
import json
import django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
storage = default_storage
kept = None
if isinstance(storage, FileSystemStorage) and storage.base_location:
    name = storage.save("rehearsal-\\u00fc.txt", ContentFile(b${JSON.stringify(CONTENT)}))
    kept = {"url": storage.url(name), "file": storage.path(name)}
print(json.dumps(kept))
`;

/** Pages are well, and the first upload answers 500, or is never seen again. */
export const appMedia: Check = {
  id: "app.media",
  title: "uploaded files are written and served",
  cause:
    "The media volume is not mounted, is full, or belongs to another user; MEDIA_ROOT, MEDIA_URL or FILE_UPLOAD_PERMISSIONS of the settings is another one.",
  consequence: "Every upload fails, and what was uploaded is not found.",
  remedy: "Run pulumi up --refresh, which puts mounts back; give what is on the volume to user 10001.",
  run: async (environment) => {
    const unwritten = (await taskProbes(environment)).flatMap(({ service, media }) =>
      media === null ? [] : [{ expected: `a file can be written below MEDIA_ROOT of ${service}`, seen: media }],
    );
    return unwritten.length > 0 ? unwritten : await serves(environment);
  },
};

async function serves(environment: DeployedEnvironment): Promise<Finding[]> {
  const { engine, services } = environment;
  const service = services.find(({ role }) => role === "app")?.name ?? "";
  const filters = { label: [`com.docker.swarm.service.name=${service}`], status: ["running"] };
  const [container] = await engine.listContainers({ filters });
  if (container === undefined) return [];
  const { exitCode, output } = await runInContainer(
    engine,
    container.Id,
    [RUNTIME, "exec", "--", "python3", "-"],
    STORE,
  );
  if (exitCode !== 0) {
    return [{ expected: `${service} stores an upload under a name that is not ASCII`, seen: output.at(-1) ?? "" }];
  }
  const stored = JSON.parse(output.at(-1) ?? "null") as Stored;
  if (stored === null) return [];
  try {
    const { pathname, hostname } = new URL(stored.url, HERE);
    if (hostname !== new URL(HERE).hostname && !isOneOf(environment.hostnames, hostname)) {
      return [
        {
          expected: `a file that ${service} stores in its own folder has an address of this environment`,
          seen: `${hostname}, which does not have what is stored here`,
        },
      ];
    }
    const { status, body } = await mainClient(environment).fetch(pathname);
    if (status === 200 && body === CONTENT) return [];
    const seen = status === 200 ? "200 with something else" : String(status);
    return [{ expected: `a file that ${service} stores is served at ${pathname}`, seen }];
  } finally {
    await runInContainer(engine, container.Id, ["rm", "-f", "--", stored.file], "");
  }
}
