import { spawn } from "node:child_process";

/**
 * Runs `pulumi up`; its words are shown as they come.
 *
 * @param command that says why it ends where the deployment fails
 * @returns whether it succeeded
 * @throws Error when it was aborted, or there is no pulumi
 */
export async function deploy(
  stack: string,
  signal: AbortSignal,
  say: (line: string) => void,
  command: string,
): Promise<boolean> {
  say(`Deploying ${stack}: pulumi up --stack ${stack}`);
  const child = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack], {
    stdio: ["ignore", process.stderr, process.stderr],
    // In a group of its own: a terminal sends Ctrl-C to a whole group, and at the second one pulumi ends at once.
    detached: true,
  });
  // An interrupted pulumi ends what it is doing and keeps its state: it must not be killed.
  const stop = () => void child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "ENOENT"
          ? new Error("pulumi must be on PATH; found none. Run: source toolchain/activate")
          : error,
      );
    });
    child.once("close", (exit) => {
      resolve(exit ?? -1);
    });
  });
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code === 0) return true;
  console.error(`${command}: the deployment must succeed; pulumi up ended with ${code}. Mend what it says above.`);
  return false;
}
