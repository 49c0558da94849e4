import type Docker from "dockerode";

/** A task that runs and is healthy. */
export interface RunningTask {
  readonly id: string;
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
    Status: { State: string };
    Spec: { ContainerSpec: { Image: string } };
  }[];
  return tasks
    .filter(({ Status }) => Status.State === "running")
    .map(({ ID, CreatedAt, Spec }) => ({ id: ID, image: Spec.ContainerSpec.Image, startedAt: Date.parse(CreatedAt) }));
}
