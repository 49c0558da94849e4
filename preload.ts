// Loaded before the SDK (`nodeargs` in Pulumi.yaml). The SDK can send functions of a program elsewhere, for which it loads
// a compiler, npm's reader of dependency trees and V8's debugger, whether a program sends any or not; the Docker client
// loads SSH and BuildKit. Most runs of this program use none of it: it is loaded once something asks for it, which halves
// the processor time of a preview. A version of these packages that has its parts elsewhere loads them as ever.
import { createRequire, Module } from "node:module";

/** What stands for a module until it is used; `require` is that of the package that the module is part of. */
type Standing = (load: () => object, require: NodeJS.Require) => object;
type AnyFunction = (...args: unknown[]) => unknown;

interface Tracing {
  readonly trace: { getTracer(name: string): { startSpan: AnyFunction } };
}

const sdk = requireOf(createRequire(import.meta.url), "@pulumi/pulumi");
defer(sdk, "./runtime/closure/codePaths", functions("computeCodePaths", "findWorkspaceRoot", "packageArchivePath"));
defer(sdk, "./runtime/closure/serializeClosure", functions("serializeFunction", "serializeFunctionAsync"));
defer(sdk, "./runtime/closure/v8Hooks", (load) => ({
  ...functions("getSessionAsync", "getScriptUrl")(load),
  // All that is loaded while the debugger is on takes longer.
  isInitializedAsync: () => Promise.resolve(),
}));
defer(sdk, "./automation", namespace);
defer(sdk, "./cmd/run/tracing", spans);
// It would map a stack trace for each promise to sources. Nothing here is compiled: there is nothing to map.
defer(sdk, "source-map-support/register", () => ({}));

const docker = requireOf(createRequire(import.meta.url), "dockerode");
defer(docker, "./session", oneFunction);
defer(requireOf(docker, "docker-modem"), "./ssh", oneFunction);

function requireOf(parent: NodeJS.Require | undefined, name: string): NodeJS.Require | undefined {
  const file = parent === undefined ? undefined : resolved(parent, name);
  return file === undefined ? undefined : createRequire(file);
}

function resolved(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** Puts something in a module's place in Node's cache, and the module itself once that is used. */
function defer(require: NodeJS.Require | undefined, name: string, standing: Standing): void {
  const file = require === undefined ? undefined : resolved(require, name);
  if (require === undefined || file === undefined) return;
  let loaded: object | undefined;
  const load = () => {
    if (loaded === undefined) {
      Reflect.deleteProperty(require.cache, file);
      loaded = require(file) as object;
    }
    return loaded;
  };
  const module = new Module(file);
  Object.assign(module, { filename: file, loaded: true, exports: standing(load, require) });
  require.cache[file] = module;
}

/** Spans that nobody records, until a run is traced. */
function spans(load: () => object, require: NodeJS.Require): object {
  const { trace } = require("@opentelemetry/api") as Tracing;
  let traced = false;
  return {
    start: (url: unknown) => {
      traced = true;
      return functions("start")(load)["start"]?.(url);
    },
    ...functions("stop")(load),
    newSpan: (name: unknown) =>
      traced ? functions("newSpan")(load)["newSpan"]?.(name) : trace.getTracer("rehearsal").startSpan(name),
  };
}

function functions(...names: readonly string[]): (load: () => object) => Record<string, AnyFunction> {
  return (load) =>
    Object.fromEntries(
      names.map((name) => [name, (...args: unknown[]) => (Reflect.get(load(), name) as AnyFunction)(...args)]),
    );
}

function oneFunction(load: () => object): AnyFunction {
  return (...args) => (load() as AnyFunction)(...args);
}

function namespace(load: () => object): object {
  return new Proxy(
    {},
    {
      // Asked by whoever imports it, without using it.
      get: (_, name): unknown => (name === "__esModule" ? true : Reflect.get(load(), name)),
      has: (_, name) => Reflect.has(load(), name),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor: (_, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(load(), name);
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
}
