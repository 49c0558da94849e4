import { spawn } from "node:child_process";

/** What a command is run with. */
export interface CommandOptions {
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** Stops the command; commands that clean up have none. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command to its end, in a process group of its own so that a Ctrl-C reaches it through `signal` alone.
 *
 * @returns its standard output
 * @throws Error with both streams where it fails
 */
export async function run(program: string, words: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { signal } = options;
  signal?.throwIfAborted();
  return await new Promise<string>((resolve, reject) => {
    const child = spawn(program, words, {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.environment === undefined ? {} : { env: options.environment }),
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
    });
    const interrupt = () => child.kill("SIGINT");
    signal?.addEventListener("abort", interrupt, { once: true });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // A command that ends without reading its input is judged by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", interrupt);
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ${words.join(" ")} ended with ${code ?? "a signal"}:\n${stdout}${stderr}`));
    });
  });
}

/** How long some work takes, in seconds. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
