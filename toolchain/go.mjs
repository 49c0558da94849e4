import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { aptCandidate, aptInstall, unavailable } from "./apt.mjs";
import { run, runOrFail } from "./commands.mjs";
import { SetUpFailure } from "./failure.mjs";
import { which } from "./files.mjs";
import { isAtLeast, minimumGo } from "./versions.mjs";

/**
 * The environment for Go: the user's own caches where there are any, else caches inside the checkout.
 * @param {import("./context.mjs").Context} context
 * @returns {Promise<{ env: Record<string, string | undefined>, own: string[] }>} `own`: the cache directories made here
 */
export async function goEnvironment({ where, user }) {
  const home = user["HOME"] ?? os.homedir();
  const config = user["XDG_CONFIG_HOME"] ?? path.join(home, ".config");
  const settings = path.join(config, "go", "env");
  /** @type {Record<string, string | undefined>} */
  const env = {
    GOTOOLCHAIN: "auto",
    // Go counts its runs below the configuration directory; the user's own settings there still hold.
    ...(fs.existsSync(settings) && { GOENV: settings }),
    ...user,
    CGO_ENABLED: "0",
    // Without it not even the owner may delete the module cache.
    GOFLAGS: `${user["GOFLAGS"] ?? storedFlags(settings)} -modcacherw`.trim(),
    XDG_CONFIG_HOME: path.join(where.cache, "go-config"),
  };
  const own = [path.join(where.cache, "go-config")];
  if (!user["GOCACHE"] && !fs.existsSync(path.join(user["XDG_CACHE_HOME"] ?? path.join(home, ".cache"), "go-build"))) {
    env["GOCACHE"] = path.join(where.cache, "go-build");
    own.push(env["GOCACHE"]);
  }
  // Besides the modules, Go keeps there what it knows of the checksum database.
  if (!user["GOPATH"] && !fs.existsSync(path.join(home, "go"))) {
    env["GOPATH"] = path.join(where.cache, "go");
    own.push(env["GOPATH"]);
  }
  return { env, own };
}

/** @param {string} settings the file that `go env -w` writes */
function storedFlags(settings) {
  try {
    return /^GOFLAGS=(.*)$/m.exec(fs.readFileSync(settings, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {import("./context.mjs").Context} context
 * @param {Record<string, string | undefined>} env
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<string>} a go command that is new enough, or that fetches one that is
 */
export async function findGo(context, env, progress) {
  const searched = `${env["PATH"] ?? ""}:/usr/local/go/bin`;
  let go = which("go", searched);
  if (!go) {
    const why =
      unavailable(context) ??
      ((await aptCandidate(context, "golang-go")) ? undefined : "the distribution has no package golang-go");
    if (why) throw new SetUpFailure(`the Pulumi CLI cannot be built: there is no Go here, and ${why}`);
    await aptInstall(context, ["golang-go"], progress);
    go = which("go", searched);
  }
  if (!go) throw new SetUpFailure("the distribution's package golang-go brought no `go` command");
  const version = (await runOrFail(go, ["version"], { cwd: os.tmpdir(), env: { ...env, GOTOOLCHAIN: "local" } }))
    .stdout;
  return isAtLeast(version, minimumGo) ? go : olderGo(context, go, env, progress);
}

/**
 * A Go from before 1.21 does not know that toolchains are modules, but it downloads and verifies one as any other.
 * @param {import("./context.mjs").Context} context
 * @param {string} go
 * @param {Record<string, string | undefined>} env
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<string>} the go command of the version that the CLI's go.mod names
 */
async function olderGo({ where }, go, env, progress) {
  const text = fs.readFileSync(path.join(where.sources, "pulumi-cli", "go.mod"), "utf8");
  const wanted = /^(?:go|toolchain go)\s*(\d+\.\d+\.\d+)$/m.exec(text)?.[1] ?? "";
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const module = `golang.org/toolchain@v0.0.1-go${wanted}.${process.platform}-${arch}`;
  progress.say(`downloading Go ${wanted} from the Go module proxy`);
  const scratch = path.join(where.cache, "go-config");
  fs.mkdirSync(scratch, { recursive: true });
  fs.writeFileSync(path.join(scratch, "go.mod"), "module scratch\n");
  const { stdout } = await runOrFail(go, ["mod", "download", "-json", module], { cwd: scratch, env });
  const directory = String(JSON.parse(stdout).Dir);
  await unpackToolchain(directory);
  const fetched = path.join(directory, "bin", "go");
  const { tail, status } = await run(fetched, ["version"], { cwd: scratch, env });
  if (status !== 0) throw new SetUpFailure(`Go ${wanted} of the Go module proxy does not run`, undefined, tail);
  return fetched;
}

/**
 * Module archives hold neither executable bits nor nested go.mod files: those of a toolchain are named `_go.mod` there.
 * @param {string} directory
 */
async function unpackToolchain(directory) {
  const tools = path.join(directory, "pkg", "tool");
  await runOrFail("chmod", ["-R", "u+w", directory]);
  await runOrFail("chmod", ["-R", "a+x", path.join(directory, "bin"), tools]);
  for (const folder of ["src", path.join("src", "cmd"), "misc"]) {
    const hidden = path.join(directory, folder, "_go.mod");
    if (fs.existsSync(hidden)) fs.renameSync(hidden, path.join(directory, folder, "go.mod"));
  }
}
