import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A reader that calls `onLine` for each line of a stream and resolves when the stream has ended. */
export function lineWriter(onLine: (line: string) => void): (stream: Readable) => Promise<void> {
  return async (stream) => {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) onLine(line);
  };
}
