import { type handleUnaryCall, type ServerErrorResponse, status } from "@grpc/grpc-js";

const underWay = new Set<Promise<void>>();

/** Resolves when all calls that have come in so far have been answered. */
export async function callsEnded(): Promise<void> {
  await Promise.all(underWay);
}

/** A gRPC handler from a function: what it returns is the answer, what it throws becomes the call's error. */
export function unary<Request, Response>(
  handler: (request: Request) => Response | Promise<Response>,
  toError: (error: unknown) => ServerErrorResponse = plainServiceError,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answered = Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(toError(error));
        },
      );
    underWay.add(answered);
    void answered.then(() => underWay.delete(answered));
  };
}

/** An exception as the engine shows it: by its own message. */
export function plainServiceError(error: unknown): ServerErrorResponse {
  const message = messageOf(error);
  return Object.assign(new Error(message), { code: status.UNKNOWN, details: message });
}

function messageOf(error: unknown): string {
  // A refused connection to several addresses has an empty message of its own.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
