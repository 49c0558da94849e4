import { createInterface } from "node:readline";

/** One message of the engine's progress streams (build, pull, push). */
export interface ProgressMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
  readonly aux?: unknown;
}

/** Reads a progress stream to its end and hands over each message. */
export async function readProgress(
  stream: NodeJS.ReadableStream,
  onMessage: (message: ProgressMessage) => void,
): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== "") onMessage(JSON.parse(line) as ProgressMessage);
  }
}
