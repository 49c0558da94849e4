import type Docker from "dockerode";

/** Addresses that the environment's tasks have on their networks, on whichever node they run. */
export async function taskAddresses(engine: Docker, services: readonly string[]): Promise<string[]> {
  const filters = { service: [...services], "desired-state": ["running"] };
  const tasks = (await engine.listTasks({ filters })) as unknown as {
    NetworksAttachments?: { Addresses?: string[] }[];
  }[];
  return tasks
    .flatMap(({ NetworksAttachments = [] }) => NetworksAttachments.flatMap(({ Addresses = [] }) => Addresses))
    .map((address) => address.replace(/\/\d+$/, ""));
}
