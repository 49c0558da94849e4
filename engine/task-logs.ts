import type Docker from "dockerode";

/** How many lines an error message quotes: servers print tracebacks of their own after that of the project. */
const TAIL = 80;
/** Bytes before each frame of a multiplexed stream: stream, three zeros, length. */
const FRAME_HEADER = 8;

/** The last lines that a swarm task has written, oldest first; empty where the engine has none. */
export async function taskLogTail(docker: Docker, taskId: string): Promise<string[]> {
  const answer = await readLog(docker, `/tasks/${taskId}/logs?`, { tail: TAIL });
  return answer === undefined ? [] : frames(answer).flatMap((text) => text.split("\n").filter((line) => line !== ""));
}

/** What something has written, each stream by itself. */
export interface LogStreams {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The log of a swarm task or of a container; empty where the engine has none.
 *
 * @param since seconds since 1970
 * @param tail how many of the last lines at most
 */
export async function logStreams(
  docker: Docker,
  of: { readonly task: string } | { readonly container: string },
  since: number,
  tail: number,
): Promise<LogStreams> {
  const path = "task" in of ? `/tasks/${of.task}/logs?` : `/containers/${of.container}/logs?`;
  return splitStreams((await readLog(docker, path, { since, tail })) ?? Buffer.alloc(0));
}

async function readLog(
  docker: Docker,
  path: string,
  options: Readonly<Record<string, number>>,
): Promise<Buffer | undefined> {
  return await new Promise<Buffer | undefined>((resolve) => {
    docker.modem.dial(
      {
        // The client appends the options to a question mark at the end, and cuts the end off where it has none.
        path,
        method: "GET",
        options: { stdout: true, stderr: true, ...options },
        statusCodes: { 200: true },
        isStream: false,
        // Without it the client reads the frames' binary headers as text.
        isBuffer: true,
      } as never,
      (error: unknown, data: unknown) => {
        resolve(error === null && Buffer.isBuffer(data) ? data : undefined);
      },
    );
  });
}

/** The texts of the frames of a multiplexed log stream. */
export function frames(data: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + FRAME_HEADER <= data.length; ) {
    const length = data.readUInt32BE(at + 4);
    texts.push(data.subarray(at + FRAME_HEADER, at + FRAME_HEADER + length).toString("utf8"));
    at += FRAME_HEADER + length;
  }
  return texts;
}

/** The two streams of a multiplexed log. */
export function splitStreams(data: Buffer): LogStreams {
  const texts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (let at = 0; at + FRAME_HEADER <= data.length; ) {
    const length = data.readUInt32BE(at + 4);
    texts[data[at] === 2 ? "stderr" : "stdout"].push(data.subarray(at + FRAME_HEADER, at + FRAME_HEADER + length));
    at += FRAME_HEADER + length;
  }
  // Joined before they are read as text: a character may stand across two frames.
  return {
    stdout: Buffer.concat(texts.stdout).toString("utf8"),
    stderr: Buffer.concat(texts.stderr).toString("utf8"),
  };
}
