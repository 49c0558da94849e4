import type Docker from "dockerode";

const FRAME_HEADER_BYTES = 8;

/** A container's output so far, both streams in order, at most its last `tail` lines. */
export async function containerOutput(docker: Docker, id: string, tail?: number): Promise<string> {
  const container = docker.getContainer(id);
  const { Config } = await container.inspect();
  const raw = await container.logs({
    stdout: true,
    stderr: true,
    follow: false,
    ...(tail === undefined ? {} : { tail }),
  });
  return Config.Tty ? raw.toString() : demultiplexed(raw);
}

/** The payloads of the engine's log frames: 8 bytes of header, of which the last four are the payload's length. */
export function demultiplexed(raw: Buffer): string {
  const payloads: Buffer[] = [];
  let offset = 0;
  while (offset + FRAME_HEADER_BYTES <= raw.length) {
    const length = raw.readUInt32BE(offset + 4);
    const start = offset + FRAME_HEADER_BYTES;
    payloads.push(raw.subarray(start, start + length));
    offset = start + length;
  }
  return Buffer.concat(payloads).toString();
}
