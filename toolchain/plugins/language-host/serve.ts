import { Server } from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { listen, serverOptions } from "../framework/lifetime.ts";
import { createLanguageService } from "./service.ts";

/**
 * Serves the Node language host to the Pulumi CLI that started this process, whose engine's address is the first
 * argument that is no flag. Ends the program that it runs when it ends itself.
 */
export function serveLanguageHost(args: readonly string[], compileCache: string): void {
  const children = new AbortController();
  const engine = args.find((argument) => !argument.startsWith("-"));
  const server = new Server(serverOptions);
  server.addService(languageGrpc.LanguageRuntimeService, createLanguageService({ engine, compileCache, children }));
  listen(server, "The Node language host", () => {
    children.abort();
  });
}
