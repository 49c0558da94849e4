import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { whenParentEnds } from "./parent.ts";
import { callsEnded } from "./unary.ts";

// What is under way when the process is told to stop gets this long to end, then an answer this long to be sent.
const STOP_GRACE_MS = 10_000;
const SEND_GRACE_MS = 20;

/**
 * Listens on a free port of loopback and prints it, as the protocol of plugins asks. Ends on SIGINT, which is how the
 * CLI stops its plugins, on SIGTERM, and when the CLI is gone, even when that was killed.
 *
 * @param cancel ends what is under way
 */
export function listen(server: Server, name: string, cancel: (reason: string) => void): void {
  const stop = (reason: string): void => {
    cancel(reason);
    setTimeout(() => process.exit(1), STOP_GRACE_MS).unref();
    void callsEnded().then(() => {
      server.tryShutdown(() => process.exit(0));
      setTimeout(() => process.exit(0), SEND_GRACE_MS);
    });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stop(`${name} was told to stop (${signal})`);
    });
  }
  whenParentEnds(() => {
    stop("The Pulumi CLI is gone");
  });
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) {
      process.stderr.write(`${name} cannot listen on 127.0.0.1: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}

/** A server for messages of the size that the CLI sends. */
export const serverOptions = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
};
