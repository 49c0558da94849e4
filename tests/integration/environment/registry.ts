import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PACKAGE = "docker-registry";

/** The registry of the distribution, on loopback, where engines use plain HTTP without being told to. */
export interface Registry {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly stop: () => void;
}

/** Whether the registry is on this machine, or its distribution has a package of it. */
export function registryAvailable(): boolean {
  return onPath(PACKAGE) !== undefined || (onPath("apt-get") !== undefined && onPath("dpkg-deb") !== undefined);
}

/** Starts the registry with a folder of its own; nothing is installed for it. */
export async function startRegistry(): Promise<Registry> {
  const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-registry-"));
  const program = onPath(PACKAGE) ?? unpacked(folder);
  const address = `127.0.0.1:${await freePort()}`;
  const configuration = path.join(folder, "config.yml");
  writeFileSync(
    configuration,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${folder}/images}}\nhttp: {addr: "${address}"}\n`,
  );
  const log = path.join(folder, "log");
  // A stream of the test runner's own would keep the runner from ending for as long as the registry lives.
  const child = spawn(program, ["serve", configuration], { stdio: ["ignore", "ignore", openSync(log, "a")] });
  const stop = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(address, child);
  } catch (error) {
    const output = readFileSync(log, "utf8");
    stop();
    throw new Error(`${PACKAGE} must answer at http://${address}/v2/: ${output}`, { cause: error });
  }
  return { address, stop };
}

/** The program out of the distribution's package. */
function unpacked(folder: string): string {
  execFileSync("apt-get", ["download", "--quiet", PACKAGE], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const archive = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error(`apt-get download ${PACKAGE} must leave a package; found none`);
  execFileSync("dpkg-deb", ["--extract", path.join(folder, archive), folder]);
  return path.join(folder, "usr/bin", PACKAGE);
}

async function answering(address: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(100);
  }
  throw new Error("no answer within a minute");
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  });
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, program)).find(existsSync);
}
