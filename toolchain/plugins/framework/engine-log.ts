import { credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";

export type LogSeverity = "info" | "warning" | "error" | "status";

/** Messages to the engine, which shows them with the resource that they are about. "status" is shown while it lasts. */
export class EngineLog {
  #client: InstanceType<typeof engineGrpc.EngineClient> | undefined;
  readonly #pending = new Set<Promise<void>>();

  connect(address: string): void {
    this.#client?.close();
    this.#client = new engineGrpc.EngineClient(address, credentials.createInsecure());
  }

  log(severity: LogSeverity, message: string, urn: string): void {
    const client = this.#client;
    if (client === undefined) return;
    const request = new enginePb.LogRequest();
    request.setSeverity(
      { info: enginePb.LogSeverity.INFO, warning: enginePb.LogSeverity.WARNING, error: enginePb.LogSeverity.ERROR }[
        severity === "status" ? "info" : severity
      ],
    );
    request.setEphemeral(severity === "status");
    request.setMessage(message);
    request.setUrn(urn);
    const sent = new Promise<void>((resolve) => {
      // A message that an ending engine no longer takes is lost on purpose.
      client.log(request, () => {
        resolve();
      });
    });
    this.#pending.add(sent);
    void sent.then(() => this.#pending.delete(sent));
  }

  /** Resolves when the engine has taken all messages: before an operation's answer, or they would come after it. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
