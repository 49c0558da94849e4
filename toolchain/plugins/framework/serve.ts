import { Server } from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { EngineLog } from "./engine-log.ts";
import { listen, serverOptions } from "./lifetime.ts";
import type { ProviderDefinition } from "./provider.ts";
import { createService } from "./service.ts";

/** Serves the provider to the engine that started this process; the engine's address is the first argument. */
export function serve<Config>(definition: ProviderDefinition<Config>): void {
  const log = new EngineLog();
  const engine = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
  if (engine !== undefined) log.connect(engine);
  const cancelled = new AbortController();
  const server = new Server(serverOptions);
  server.addService(providerGrpc.ResourceProviderService, { ...createService(definition, log, cancelled) });
  listen(server, `The ${definition.name} plugin`, (reason) => {
    cancelled.abort(new Error(reason));
  });
}
