import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type {
  GetProgramDependenciesRequest,
  GetRequiredPackagesRequest,
  GetRequiredPluginsRequest,
  InstallDependenciesRequest,
  InstallDependenciesResponse,
  LanguageHandshakeRequest,
  RunRequest,
} from "@pulumi/pulumi/proto/language_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { plainServiceError, unary } from "../framework/unary.ts";
import { startChild } from "./child.ts";
import { runtimeOptions } from "./options.ts";
import { programDependencies, requiredPlugins } from "./packages.ts";
import { runProgram } from "./run-program.ts";

export interface LanguageHostSettings {
  /** The engine's address where the CLI gave it as an argument; it may come by Handshake too. */
  readonly engine: string | undefined;
  readonly compileCache: string;
  /** Ends the programs and installations under way. */
  readonly children: AbortController;
}

type Service = Pick<
  ILanguageRuntimeServer,
  | "handshake"
  | "getPluginInfo"
  | "getRequiredPlugins"
  | "getRequiredPackages"
  | "getProgramDependencies"
  | "about"
  | "runtimeOptionsPrompts"
  | "installDependencies"
  | "run"
  | "cancel"
>;

/** Answers what the CLI asks of a language host for programs in TypeScript and JavaScript. */
export function createLanguageService(settings: LanguageHostSettings): Service {
  let engine = settings.engine;
  return {
    handshake: unary((request: LanguageHandshakeRequest) => {
      engine = request.getEngineAddress();
      return new languagePb.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => new pluginPb.PluginInfo()),
    getRequiredPlugins: unary((request: GetRequiredPluginsRequest) => {
      const response = new languagePb.GetRequiredPluginsResponse();
      for (const required of requiredPlugins(directoryOf(request))) {
        const plugin = new pluginPb.PluginDependency();
        plugin.setName(required.name);
        plugin.setKind("resource");
        plugin.setVersion(required.version);
        plugin.setServer(required.server ?? "");
        response.addPlugins(plugin);
      }
      return response;
    }),
    getRequiredPackages: unary((request: GetRequiredPackagesRequest) => {
      const response = new languagePb.GetRequiredPackagesResponse();
      for (const required of requiredPlugins(request.getInfo()?.getProgramDirectory() ?? process.cwd())) {
        const dependency = new pluginPb.PackageDependency();
        dependency.setName(required.name);
        dependency.setKind("resource");
        dependency.setVersion(required.version);
        dependency.setServer(required.server ?? "");
        if (required.parameterization !== undefined) {
          const parameterization = new pluginPb.PackageParameterization();
          parameterization.setName(required.parameterization.name);
          parameterization.setVersion(required.parameterization.version);
          parameterization.setValue(required.parameterization.value);
          dependency.setParameterization(parameterization);
        }
        response.addPackages(dependency);
      }
      return response;
    }),
    getProgramDependencies: unary((request: GetProgramDependenciesRequest) => {
      const response = new languagePb.GetProgramDependenciesResponse();
      for (const { name, version } of programDependencies(directoryOf(request), request.getTransitivedependencies())) {
        const dependency = new languagePb.DependencyInfo();
        dependency.setName(name);
        dependency.setVersion(version);
        response.addDependencies(dependency);
      }
      return response;
    }),
    about: unary(() => {
      const response = new languagePb.AboutResponse();
      response.setExecutable(process.execPath);
      response.setVersion(process.version);
      return response;
    }),
    runtimeOptionsPrompts: unary(() => new languagePb.RuntimeOptionsResponse()),
    installDependencies: (call) => {
      installDependencies(call, settings.children.signal).then(
        () => {
          call.end();
        },
        (error: unknown) => {
          // gRPC's way to end a stream with an error: a destroyed one never sends its status.
          call.emit("error", plainServiceError(error));
        },
      );
    },
    run: unary(async (request: RunRequest) => {
      const response = new languagePb.RunResponse();
      const result = await runProgram(request, {
        engine: engine ?? "",
        compileCache: settings.compileCache,
        signal: settings.children.signal,
      });
      if ("error" in result) response.setError(result.error);
      else response.setBail(result.bail);
      return response;
    }),
    cancel: unary(() => {
      settings.children.abort();
      return new emptyPb.Empty();
    }),
  };
}

/** Runs npm in the directory and streams what it prints. In CI it installs the lock file to the letter. */
async function installDependencies(
  call: ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
  signal: AbortSignal,
): Promise<void> {
  const info = call.request.getInfo();
  runtimeOptions(info?.getOptions()?.toJavaScript() ?? {});
  const directory = call.request.getDirectory() || (info?.getProgramDirectory() ?? process.cwd());
  const locked = process.env["CI"] !== undefined && existsSync(join(directory, "package-lock.json"));
  const args = [locked ? "ci" : "install", "--loglevel=error"];
  // The npm beside this Node goes before any other.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` };
  const { child, ended } = startChild("npm", args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] }, signal);
  child.stdout?.on("data", (chunk: Uint8Array) => {
    const response = new languagePb.InstallDependenciesResponse();
    response.setStdout(chunk);
    call.write(response);
  });
  child.stderr?.on("data", (chunk: Uint8Array) => {
    const response = new languagePb.InstallDependenciesResponse();
    response.setStderr(chunk);
    call.write(response);
  });
  const { code } = await ended;
  if (code !== 0) throw new Error(`npm ${args.join(" ")} in ${directory} failed with exit code ${code ?? "none"}`);
}

function directoryOf(request: GetRequiredPluginsRequest | GetProgramDependenciesRequest): string {
  return request.getInfo()?.getProgramDirectory() ?? request.getPwd();
}
