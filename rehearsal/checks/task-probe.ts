import { runInContainer } from "../../engine/container-command.ts";
import type { DeployedEnvironment } from "./check.ts";
import { shared } from "./shared.ts";

/** What a process beside the service's own sees from within a task. */
export interface TaskProbe {
  readonly service: string;
  /** Words on each way to the outside that is open. */
  readonly open: readonly string[];
  /** Whether a name of the outside has an address. */
  readonly resolves: boolean;
  /** Why nothing can be written below MEDIA_ROOT; null where it can, or where there is none. */
  readonly media: string | null;
  /** Seconds east of UTC in January and in July. */
  readonly offsets: readonly [number, number];
}

/**
 * Asks for a route to documentation addresses (RFC 5737, RFC 3849), which sends nothing, then connects where there is one.
 * Names are asked of Docker's own server by hand, since the resolver's patience is longer than a check's.
 */
const SCRIPT = `
import json, os, socket, struct, tempfile, time
opened = []
for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 443))
    except OSError:
        continue
    found = "a route to " + address
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.5)
            probe.connect((address, 443))
            found = "a connection to " + address
    except OSError as error:
        found += " (" + str(error) + ")"
    opened.append(found)
resolves = False
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(1.5)
        question = b"".join(bytes([len(part)]) + part for part in (b"example", b"com")) + b"\\0" + struct.pack(">HH", 1, 1)
        probe.sendto(struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + question, ("127.0.0.11", 53))
        resolves = struct.unpack(">H", probe.recv(512)[6:8])[0] > 0
except OSError:
    pass
media = None
if os.environ.get("MEDIA_ROOT"):
    try:
        with tempfile.TemporaryFile(dir=os.environ["MEDIA_ROOT"]) as written:
            written.write(b"x")
            written.flush()
    except OSError as error:
        media = str(error)
    until = time.monotonic() + 2
    for folder, folders, files in os.walk(os.environ["MEDIA_ROOT"]) if media is None else ():
        folders[:] = [name for name in folders if not name.startswith(".")]
        closed = [name for name in folders if not os.access(os.path.join(folder, name), os.W_OK | os.X_OK)]
        if closed:
            media = "nothing can be written in " + os.path.join(folder, closed[0])
        if closed or time.monotonic() > until:
            break
offsets = [time.localtime(at).tm_gmtoff for at in (1736942400, 1752580800)]
print(json.dumps({"open": opened, "resolves": resolves, "media": media, "offsets": offsets}))
`;

/** A probe in one task of the application and one of the ETL worker, of those that run on the engine that is asked. */
export async function taskProbes(environment: DeployedEnvironment): Promise<readonly TaskProbe[]> {
  return await shared(environment, probeAll);
}

async function probeAll({ engine, services }: DeployedEnvironment): Promise<readonly TaskProbe[]> {
  const probed = services.filter(({ role }) => role === "app" || role === "etl").map(({ name }) => name);
  const probes = probed.map(async (service): Promise<TaskProbe[]> => {
    const filters = { label: [`com.docker.swarm.service.name=${service}`], status: ["running"] };
    const [container] = await engine.listContainers({ filters });
    if (container === undefined) return [];
    const { exitCode, output } = await runInContainer(engine, container.Id, ["python3", "-I", "-"], SCRIPT);
    if (exitCode !== 0)
      throw new Error(`${service}: the probe ended with ${exitCode}: ${output.slice(-3).join(" / ")}`);
    return [{ service, ...(JSON.parse(output.at(-1) ?? "") as Omit<TaskProbe, "service">) }];
  });
  const found = (await Promise.all(probes)).flat();
  if (found.length > 0) return found;
  throw new Error(`no task of ${probed.join(" or ")} runs on the engine that was asked`);
}
