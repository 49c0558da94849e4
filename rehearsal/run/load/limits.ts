import type { Finding } from "../../finding.ts";
import { bytes, counted } from "../../report/format.ts";
import type { ProductionLimits } from "./options.ts";
import type { Sample, TaskSample } from "./watch.ts";

/** Share of a limit that leaves nothing for a busy day. */
const NEAR = 0.9;

/** The most memory that a task of each service had, and its limit. */
export function memoryPeaks(samples: readonly Sample[]): Map<string, Pick<TaskSample, "memoryBytes" | "memoryLimit">> {
  const peaks = new Map<string, Pick<TaskSample, "memoryBytes" | "memoryLimit">>();
  for (const { service, memoryBytes, memoryLimit } of samples.flatMap(({ tasks }) => tasks)) {
    if (memoryBytes > (peaks.get(service)?.memoryBytes ?? -1)) peaks.set(service, { memoryBytes, memoryLimit });
  }
  return peaks;
}

/** The most connections to the database that were open at a time. */
export function connectionPeak(samples: readonly Sample[]): number {
  return Math.max(0, ...samples.map(({ open }) => open));
}

/**
 * What came near to a limit, here or as production has it.
 *
 * @param steady samples while nothing was changed
 * @param roles in which tasks of the application connect
 */
export function limitFindings(
  samples: readonly Sample[],
  steady: readonly Sample[],
  roles: readonly string[],
  production: ProductionLimits | undefined,
): Finding[] {
  return [
    ...[...memoryPeaks(samples)].flatMap(([service, peak]) => memoryFindings(service, peak, production)),
    ...poolFindings(samples, production),
    ...killedFindings(samples),
    ...connectionFindings(samples),
    ...(production?.connections === undefined
      ? []
      : productionConnections(steady, roles, production.tasks, production.connections)),
  ];
}

function memoryFindings(
  service: string,
  { memoryBytes, memoryLimit }: Pick<TaskSample, "memoryBytes" | "memoryLimit">,
  production: ProductionLimits | undefined,
): Finding[] {
  const there = production?.memoryBytes[service] ?? memoryLimit;
  const limit = Math.min(memoryLimit, there);
  if (memoryBytes < limit * NEAR) return [];
  const whose = limit < memoryLimit ? "production's limit" : "its limit";
  return [
    {
      id: "load.memory-near-limit",
      severity: memoryBytes >= limit ? "blocking" : "warning",
      subject: `memory of a task of ${service}`,
      cause: `it came to ${bytes(memoryBytes)} under load, and ${whose} is ${bytes(limit)}`,
      consequence: "With a little more the kernel ends the task, with all requests that it is at.",
      remedy: `Raise ${service}.memoryMiB, or let the task hold less: fewer workers, smaller results.`,
    },
  ];
}

/** Fewer looks may have met a process at something that it does once. */
const SEEN = 3;

/** Whose memory holds as long as not all of its workers are used alike. */
function poolFindings(samples: readonly Sample[], production: ProductionLimits | undefined): Finding[] {
  const tasks = samples.flatMap((sample) => sample.tasks);
  return [...Map.groupBy(tasks, ({ service }) => service)].flatMap(([service, of]): Finding[] => {
    const limitOf = ({ memoryLimit }: TaskSample) =>
      Math.min(memoryLimit, production?.memoryBytes[service] ?? memoryLimit);
    const over = of.filter((sample) => (sample.filledBytes ?? 0) >= limitOf(sample));
    const [first] = over.toSorted((one, other) => (other.filledBytes ?? 0) - (one.filledBytes ?? 0));
    // What has come to its limit already is told as that.
    if (first === undefined || over.length < SEEN || of.some((sample) => sample.memoryBytes >= limitOf(sample)))
      return [];
    return [
      {
        id: "load.memory-pool",
        severity: "blocking",
        subject: `memory of a task of ${service}`,
        cause: `it comes to ${bytes(first.filledBytes ?? 0)} once each of its workers is as large as the largest, and its limit is ${bytes(limitOf(first))}`,
        consequence:
          "Some days after the release the kernel ends one worker after the other, with the requests that they are at.",
        remedy: `Raise ${service}.memoryMiB, or give the server fewer workers.`,
      },
    ];
  });
}

/** A worker that the kernel ends comes again: only the counter tells. */
function killedFindings(samples: readonly Sample[]): Finding[] {
  const tasks = Map.groupBy(
    samples.flatMap((sample) => sample.tasks),
    ({ container }) => container,
  );
  return [...tasks.values()].flatMap((of): Finding[] => {
    const counts = of.flatMap(({ killed }) => killed ?? []);
    const killed = Math.max(0, ...counts) - (counts[0] ?? 0);
    if (killed <= 0) return [];
    return [
      {
        id: "load.memory-killed",
        severity: "blocking",
        subject: `a task of ${of[0]?.service ?? ""}`,
        cause: `the kernel ended ${counted(killed, "process", "processes")} of it, for want of memory`,
        consequence: "Requests that it was at are lost, and the others wait until it is there again.",
        remedy: "Raise the service's memoryMiB, or let the task hold less: fewer workers, smaller results.",
      },
    ];
  });
}

function connectionFindings(samples: readonly Sample[]): Finding[] {
  const fullest = samples.toSorted((one, other) => other.open - one.open)[0];
  if (fullest === undefined || fullest.most === 0 || fullest.open < fullest.most * NEAR) return [];
  const roles = Object.entries(fullest.connections).map(([role, open]) => `${role}: ${open}`);
  return [
    {
      id: "load.connections-full",
      severity: "blocking",
      subject: "connections to the database",
      cause: `${fullest.open} were open under load, and the server takes ${fullest.most}`,
      consequence: "Whoever comes too late is refused (too many connections): requests fail.",
      remedy: "Raise database.maxConnections, give the services fewer tasks or threads, or put a pooler between.",
      evidence: roles,
    },
  ];
}

/** As many per task as here, for as many tasks as there, twice while an update replaces them. */
function productionConnections(
  steady: readonly Sample[],
  roles: readonly string[],
  tasks: number,
  most: number,
): Finding[] {
  const perTask = Math.max(
    0,
    ...steady.map((sample) => {
      const here = sample.tasks.filter(({ service }) => service === "app").length;
      const open = roles.reduce((sum, role) => sum + (sample.connections[role] ?? 0), 0);
      return here === 0 ? 0 : open / here;
    }),
  );
  const there = Math.ceil(perTask * tasks * 2);
  if (there <= most) return [];
  return [
    {
      id: "load.production-connections",
      severity: "warning",
      subject: "connections to production's database",
      cause: `a task of the application opened ${perTask.toFixed(0)} under load; ${counted(tasks, "task")} of production may open ${there} during an update, and its server takes ${most}`,
      consequence: "The next deployment there is refused connections while old and new tasks serve.",
      remedy: "Raise production's database.maxConnections, or give the application fewer tasks or threads.",
    },
  ];
}
