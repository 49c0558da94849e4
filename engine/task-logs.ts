import type Docker from "dockerode";

/** How many lines an error message quotes. */
const TAIL = 20;
/** Bytes before each frame of a multiplexed stream: stream, three zeros, length. */
const FRAME_HEADER = 8;

/** The last lines that a swarm task has written, oldest first; empty where the engine has none. */
export async function taskLogTail(docker: Docker, taskId: string): Promise<string[]> {
  const answer = await new Promise<Buffer | undefined>((resolve) => {
    docker.modem.dial(
      {
        // The client appends the options to a question mark at the end, and cuts the end off where it has none.
        path: `/tasks/${taskId}/logs?`,
        method: "GET",
        options: { stdout: true, stderr: true, tail: TAIL },
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
  return answer === undefined ? [] : frames(answer).flatMap((text) => text.split("\n").filter((line) => line !== ""));
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
