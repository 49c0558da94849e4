import type Docker from "dockerode";

/** The label that `docker stack deploy` puts on everything of a stack. */
export const STACK_LABEL = "com.docker.stack.namespace";

/** Whether every service of a stack runs its declared image in all its tasks, and no update is under way. */
export async function allRunning(docker: Docker, stack: string): Promise<boolean> {
  const filters = { label: [`${STACK_LABEL}=${stack}`] };
  const [services, tasks] = (await Promise.all([
    docker.listServices({ filters }),
    docker.listTasks({ filters }),
  ])) as unknown as [Service[], Task[]];
  return services.every(({ ID, Spec, UpdateStatus }) => {
    const meant = tasks.filter(({ ServiceID, DesiredState }) => ServiceID === ID && DesiredState === "running");
    return (
      UpdateStatus?.State !== "updating" &&
      meant.length === (Spec.Mode.Replicated?.Replicas ?? 1) &&
      meant.every(
        (task) =>
          task.Status.State === "running" && task.Spec.ContainerSpec.Image === Spec.TaskTemplate.ContainerSpec.Image,
      )
    );
  });
}

/** Id of the healthy container of a service, where there is one. */
export async function healthyContainer(docker: Docker, service: string): Promise<string | undefined> {
  const [found] = await docker.listContainers({
    filters: { label: [`com.docker.swarm.service.name=${service}`], health: ["healthy"] },
  });
  return found?.Id;
}

interface Service {
  readonly ID: string;
  readonly Spec: {
    readonly Mode: { readonly Replicated?: { readonly Replicas: number } };
    readonly TaskTemplate: { readonly ContainerSpec: { readonly Image: string } };
  };
  readonly UpdateStatus?: { readonly State?: string };
}

interface Task {
  readonly ServiceID: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string };
  readonly Spec: { readonly ContainerSpec: { readonly Image: string } };
}
