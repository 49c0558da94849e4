import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { lineWriter } from "./lines.ts";

/**
 * Runs a command in a running container and waits for its end.
 *
 * @param input written to its standard input, so that it shows in no list of processes
 * @param user of the command; that of the container without it
 */
export async function runInContainer(
  docker: Docker,
  container: string,
  command: readonly string[],
  input: string,
  user?: string,
): Promise<{ exitCode: number; output: string[] }> {
  const exec = await docker.getContainer(container).exec({
    Cmd: [...command],
    ...(user === undefined ? {} : { User: user }),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const output: string[] = [];
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const collect = lineWriter((line) => output.push(line));
  const drained = Promise.all([collect(stdout), collect(stderr)]);
  docker.modem.demuxStream(stream, stdout, stderr);
  const ended = new Promise<void>((resolve) => {
    stream.once("end", () => {
      stdout.end();
      stderr.end();
      resolve();
    });
  });
  stream.write(input);
  stream.end();
  await ended;
  await drained;
  const { ExitCode: exitCode } = await exec.inspect();
  return { exitCode: exitCode ?? -1, output };
}
