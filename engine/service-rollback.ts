import type Docker from "dockerode";
import { DECLARATION_LABEL, type RunningService } from "./service-rollout.ts";

/** The engine's answer on a service, as far as going back needs it. */
interface UpdatedService extends RunningService {
  readonly Version: { readonly Index: number };
  readonly UpdatedAt: string;
  readonly PreviousSpec?: RunningService["Spec"];
}

/**
 * Puts a service back to the specification before its last update, where that update came after `since`: when one
 * service of a release fails, the others must not stay on it.
 *
 * @param since time in milliseconds since the epoch
 * @returns the declaration that it goes back to; undefined where there is none, or the update is an older one
 */
export async function rollBackUpdate(docker: Docker, name: string, since: number): Promise<string | undefined> {
  const service = (await docker.getService(name).inspect()) as UpdatedService;
  const before = service.PreviousSpec?.Labels?.[DECLARATION_LABEL];
  const now = service.Spec.Labels?.[DECLARATION_LABEL];
  if (before === undefined || before === now || Date.parse(service.UpdatedAt) < since) return undefined;
  await requestRollback(docker, service);
  return before;
}

/** Has swarm put a service back to the specification before its last update, which it then keeps as the one before. */
export async function requestRollback(
  docker: Docker,
  service: Pick<UpdatedService, "ID" | "Version"> & { readonly Spec: object },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.dial(
      {
        // dockerode's own method has no place for the query's `rollback`.
        path: `/services/${service.ID}/update?`,
        method: "POST",
        options: { _query: { version: service.Version.Index, rollback: "previous" }, _body: service.Spec },
        statusCodes: { 200: true },
      },
      (error: Error | null) => {
        if (error === null) resolve();
        else reject(error);
      },
    );
  });
}
