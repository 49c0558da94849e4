import type Docker from "dockerode";

/** How the tasks of a service are started, as the engine has it. */
export interface ServiceTask {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `CMD` or `CMD-SHELL` first; empty where the service has no health check. */
  readonly healthTest: readonly string[];
}

/** Reads how the tasks of a service are started. */
export async function serviceTask(docker: Docker, service: string): Promise<ServiceTask> {
  const { Spec } = (await docker.getService(service).inspect()) as {
    Spec: {
      TaskTemplate: {
        ContainerSpec: { Image: string; Command?: string[]; Env?: string[]; Healthcheck?: { Test?: string[] } };
      };
    };
  };
  const { Image, Command = [], Env = [], Healthcheck } = Spec.TaskTemplate.ContainerSpec;
  const pairs = Env.map((line): [string, string] => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return {
    image: Image,
    command: Command,
    environment: Object.fromEntries(pairs),
    healthTest: Healthcheck?.Test ?? [],
  };
}
