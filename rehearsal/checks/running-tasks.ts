import type Docker from "dockerode";

/** A task that runs and is healthy. */
export interface RunningTask {
  readonly id: string;
  /** Id of its container, on the node that runs it; empty where the engine does not tell. */
  readonly container: string;
  readonly image: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The tasks of a service that run and are meant to; with a health check, the healthy ones. */
export async function runningTasks(docker: Docker, service: string): Promise<RunningTask[]> {
  const tasks = (await docker.listTasks({
    filters: { service: [service], "desired-state": ["running"] },
  })) as unknown as {
    ID: string;
    CreatedAt: string;
    Status: { State: string; ContainerStatus?: { ContainerID?: string } };
    Spec: { ContainerSpec: { Image: string } };
  }[];
  return tasks
    .filter(({ Status }) => Status.State === "running")
    .map(({ ID, CreatedAt, Status, Spec }) => ({
      id: ID,
      container: Status.ContainerStatus?.ContainerID ?? "",
      image: Spec.ContainerSpec.Image,
      startedAt: Date.parse(CreatedAt),
    }));
}
