import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const main = join(import.meta.dirname, "..", "..", "..", "toolchain", "plugins", "language-host", "main.ts");

let directory: string;
let host: ChildProcess;
let client: InstanceType<typeof languageGrpc.LanguageRuntimeClient>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rehearsal-language-host-"));
  const started = spawn(process.execPath, [main, "127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
  host = started;
  const [port] = (await once(createInterface(started.stdout), "line")) as [string];
  client = new languageGrpc.LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  host.kill("SIGINT");
  const [code] = (await once(host, "exit")) as [number];
  await rm(directory, { recursive: true });
  expect(code).toBe(0);
});

async function addPackage(path: string, manifest: object): Promise<void> {
  await mkdir(join(directory, path), { recursive: true });
  await writeFile(join(directory, path, "package.json"), JSON.stringify(manifest));
}

function programInfo(): InstanceType<typeof languagePb.ProgramInfo> {
  const info = new languagePb.ProgramInfo();
  info.setProgramDirectory(directory);
  info.setRootDirectory(directory);
  return info;
}

describe("the language host's answers to the CLI", () => {
  it("installs dependencies with npm and streams what npm says", async () => {
    await addPackage("lib", { name: "lib", version: "1.2.3", scripts: { postinstall: "echo said by the package" } });
    await addPackage(".", { name: "program", dependencies: { lib: "file:lib" } });
    const request = new languagePb.InstallDependenciesRequest();
    request.setDirectory(directory);
    const stream = client.installDependencies(request);
    const said: string[] = [];
    stream.on("data", (message: InstanceType<typeof languagePb.InstallDependenciesResponse>) => {
      said.push(Buffer.from(message.getStdout_asU8()).toString());
    });
    await once(stream, "end");
    expect(said.join("")).toContain("added 1 package");
  });

  it("fails with npm's exit code and streams its reason when it cannot install", async () => {
    await mkdir(join(directory, "broken"));
    await writeFile(join(directory, "broken", "package.json"), "{ not JSON");
    const request = new languagePb.InstallDependenciesRequest();
    request.setDirectory(join(directory, "broken"));
    const stream = client.installDependencies(request);
    const said: string[] = [];
    stream.on("data", (message: InstanceType<typeof languagePb.InstallDependenciesResponse>) => {
      said.push(Buffer.from(message.getStderr_asU8()).toString());
    });
    const [error] = (await once(stream, "error")) as [Error];
    expect(error.message).toMatch(/npm install --loglevel=error in .*broken failed with exit code \d+/);
    expect(said.join("")).toContain("EJSONPARSE");
  });

  it("names each plugin that an installed package needs, once, nested ones too", async () => {
    await addPackage("node_modules/@pulumi/first", {
      name: "@pulumi/first",
      version: "1.0.0",
      pulumi: { resource: true, server: "https://plugins.example" },
    });
    await addPackage("node_modules/other/node_modules/second-sdk", {
      name: "second-sdk",
      version: "9.9.9",
      pulumi: { resource: true, name: "second", version: "2.0.0" },
    });
    await addPackage("node_modules/component", { name: "component", version: "1.0.0", pulumi: { resource: false } });
    const request = new languagePb.GetRequiredPackagesRequest();
    request.setInfo(programInfo());
    const packages = await new Promise<InstanceType<typeof languagePb.GetRequiredPackagesResponse>>((resolve, reject) =>
      client.getRequiredPackages(request, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      }),
    );
    expect(packages.getPackagesList().map((required) => required.toObject())).toMatchObject([
      { name: "first", kind: "resource", version: "v1.0.0", server: "https://plugins.example" },
      { name: "second", kind: "resource", version: "v2.0.0", server: "" },
    ]);
  });

  it("lists the program's dependencies with the versions that are installed", async () => {
    const dependencies = async (transitive: boolean): Promise<string[]> => {
      const request = new languagePb.GetProgramDependenciesRequest();
      request.setInfo(programInfo());
      request.setTransitivedependencies(transitive);
      const response = await new Promise<InstanceType<typeof languagePb.GetProgramDependenciesResponse>>(
        (resolve, reject) =>
          client.getProgramDependencies(request, (error, answer) => {
            if (error) reject(error);
            else resolve(answer);
          }),
      );
      return response.getDependenciesList().map((found) => `${found.getName()}@${found.getVersion()}`);
    };
    expect(await dependencies(false)).toEqual(["lib@1.2.3"]);
    expect(await dependencies(true)).toEqual([
      "@pulumi/first@1.0.0",
      "component@1.0.0",
      "lib@1.2.3",
      "second-sdk@9.9.9",
    ]);
  });
});
