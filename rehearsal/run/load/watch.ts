import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type pg from "pg";
import { runInContainer } from "../../../engine/container-command.ts";
import { withConnection } from "../../../engine/postgres.ts";
import type { RunContext } from "../context.ts";

/** What one task had at one moment. */
export interface TaskSample {
  /** Short name of the service: `app`. */
  readonly service: string;
  readonly container: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** Memory that the kernel cannot take back. */
  readonly memoryBytes: number;
  readonly memoryLimit: number;
  /** Of the container, threads among them. */
  readonly processes: number;
  /** Open files of all its processes; undefined where they were not counted. */
  readonly files?: number;
  /**
   * How much it would have with each process of a pool (children of one parent under one name) as large as the largest of
   * them; undefined where that was not looked at.
   */
  readonly filledBytes?: number;
  /** Processes that the kernel has ended because of memory; undefined where that was not looked at. */
  readonly killed?: number;
  /** Health checks that failed, by their time. */
  readonly failedChecks: readonly string[];
}

/** What the environment had at one moment. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Requests answered until then. */
  readonly requests: number;
  readonly tasks: readonly TaskSample[];
  /** Connections to the database by role; none where the server did not say. */
  readonly connections: Readonly<Record<string, number>>;
  /** All that are open, and how many the server takes from those that are no superusers. */
  readonly open: number;
  readonly most: number;
}

const INTERVAL_MILLISECONDS = 1000;
/** Every so many looks, one goes into the containers, which costs more than all else. */
const INSIDE_EVERY = 3;
/** A shell's own words are enough: whatever else was run there would count as the task's memory. */
const LOOK = `for process in /proc/[0-9]*; do set -- $process/fd/*; [ -e "$1" ] && files=$((files + $#)); done
echo "files $((files))"
for process in /proc/[0-9]*; do
  name= parent= memory=
  while read -r key value rest; do case $key in Name:) name=$value ;; PPid:) parent=$value ;; esac; done < $process/status
  while read -r key value rest; do case $key in Pss_Anon:) memory=$value ;; esac; done < $process/smaps_rollup
  [ -n "$memory" ] && echo "process $parent-$name $memory"
done 2>/dev/null
cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null
exit 0`;

const CONNECTIONS = `
  SELECT usename AS role, count(*)::int AS count FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1`;
const MOST = `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
  - coalesce(current_setting('reserved_connections', true), '0')::int AS most`;

/** Looks at tasks and database again and again until `work` has ended. */
export async function watched<T>(
  context: Pick<RunContext, "engine" | "environment" | "declaration" | "administration">,
  requests: () => number,
  work: (samples: readonly Sample[]) => Promise<T>,
): Promise<T> {
  const samples: Sample[] = [];
  const ended = new AbortController();
  return await withConnection(context.administration, async (client) => {
    const watching = watch(context, client, requests, samples, ended.signal);
    try {
      return await work(samples);
    } finally {
      ended.abort();
      await watching;
    }
  });
}

async function watch(
  context: Pick<RunContext, "engine" | "environment" | "declaration">,
  client: pg.Client,
  requests: () => number,
  samples: Sample[],
  ended: AbortSignal,
): Promise<void> {
  const { rows } = await client.query<{ most: number }>(MOST).catch(() => ({ rows: [] }));
  const most = rows[0]?.most ?? 0;
  for (let look = 0; !ended.aborted; look++) {
    const next = Date.now() + INTERVAL_MILLISECONDS;
    const inside = look % INSIDE_EVERY === 0;
    const [tasks, connections] = await Promise.all([taskSamples(context, inside), countConnections(client)]);
    const open = Object.values(connections).reduce((sum, count) => sum + count, 0);
    samples.push({ at: Date.now(), requests: requests(), tasks, connections, open, most });
    await sleep(Math.max(0, next - Date.now()), undefined, { signal: ended }).catch(() => undefined);
  }
}

async function countConnections(client: pg.Client): Promise<Record<string, number>> {
  try {
    const { rows } = await client.query<{ role: string; count: number }>(CONNECTIONS);
    return Object.fromEntries(rows.map(({ role, count }) => [role, count]));
  } catch {
    // A server that is full or away shows in the requests.
    return {};
  }
}

/** The tasks of the environment's services that run on the engine that is asked. */
async function taskSamples(
  { engine, environment, declaration }: Pick<RunContext, "engine" | "environment" | "declaration">,
  inside: boolean,
): Promise<TaskSample[]> {
  const samples = await Promise.all(
    declaration.services.map(async ({ name }) => {
      const filters = { label: [`com.docker.swarm.service.name=${name}`], status: ["running"] };
      const containers = await engine.listContainers({ filters }).catch(() => []);
      const service = name.slice(environment.length + 1);
      return await Promise.all(
        containers.map(({ Id, Created }) =>
          taskSample(engine, { service, container: Id, createdAt: Created * 1000 }, inside),
        ),
      );
    }),
  );
  return samples.flat().filter((sample) => sample !== undefined);
}

/** Undefined where the task ends meanwhile. */
async function taskSample(
  engine: Docker,
  task: Pick<TaskSample, "service" | "container" | "createdAt">,
  inside: boolean,
): Promise<TaskSample | undefined> {
  try {
    const container = engine.getContainer(task.container);
    const [stats, { State }, told] = await Promise.all([
      container.stats({ stream: false, "one-shot": true }),
      container.inspect(),
      inside ? lookInside(engine, task.container) : Promise.resolve<Look>({}),
    ]);
    const memory = readMemory(stats);
    if (memory === undefined) return undefined;
    const failed = (State.Health?.Log ?? []).filter(({ ExitCode }) => ExitCode !== 0);
    const failedChecks = failed.map(({ Start }) => Start);
    const { missingBytes, ...seen } = told;
    const filled = missingBytes === undefined ? {} : { filledBytes: memory.memoryBytes + missingBytes };
    return { ...task, ...memory, processes: stats.pids_stats?.current ?? 0, ...seen, ...filled, failedChecks };
  } catch {
    return undefined;
  }
}

/** What a shell tells from inside of a task. */
type Look = Pick<TaskSample, "files" | "killed"> & {
  /** What the smaller processes of pools lack to be as large as the largest. */
  readonly missingBytes?: number;
};

/** Where an image has no shell, what it would have told is not known. */
async function lookInside(engine: Docker, container: string): Promise<Look> {
  try {
    const { exitCode, output } = await runInContainer(engine, container, ["sh", "-s"], LOOK);
    return exitCode === 0 ? readLook(output) : {};
  } catch {
    return {};
  }
}

/** What counts against the limit and cannot be taken back; undefined of a container that has just ended. */
export function readMemory({
  memory_stats,
}: Pick<Docker.ContainerStats, "memory_stats">): Pick<TaskSample, "memoryBytes" | "memoryLimit"> | undefined {
  const { usage, limit, stats } = memory_stats as Partial<Docker.ContainerStats["memory_stats"]>;
  if (usage === undefined || limit === undefined) return undefined;
  const values = (stats ?? {}) as unknown as Readonly<Record<string, number>>;
  // Control groups of the first version tell their own and the total; those of the second the total alone.
  const of = (name: string) => values[`total_${name}`] ?? values[name] ?? 0;
  return { memoryBytes: Math.max(0, usage - of("inactive_file") - of("active_file")), memoryLimit: limit };
}

/** Reads what the shell printed: `files 40`, `oom_kill 0`, `process 7-gunicorn 45000` (parent and name, KiB). */
export function readLook(lines: readonly string[]): Look {
  const words = lines.map((line) => line.trim().split(" "));
  const numbers = new Map(words.map(([name = "", value]) => [name, Number(value)] as const));
  const files = numbers.get("files");
  const killed = numbers.get("oom_kill");
  const processes = words.flatMap(([what, pool = "", kibibytes]) =>
    what === "process" ? [{ pool, bytes: Number(kibibytes) * 1024 }] : [],
  );
  return {
    ...(files === undefined || files === 0 ? {} : { files }),
    ...(killed === undefined ? {} : { killed }),
    ...(processes.length === 0 ? {} : { missingBytes: missingIn(processes) }),
  };
}

function missingIn(processes: readonly { readonly pool: string; readonly bytes: number }[]): number {
  return [...Map.groupBy(processes, ({ pool }) => pool).values()].reduce((sum, of) => {
    const largest = Math.max(...of.map(({ bytes }) => bytes));
    return sum + of.reduce((missing, { bytes }) => missing + largest - bytes, 0);
  }, 0);
}
