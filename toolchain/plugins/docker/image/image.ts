import { existsSync } from "node:fs";
import path from "node:path";
import {
  containsUnknown,
  isRecord,
  type Properties,
  type PropertyChange,
  type ResourceContext,
  type ResourceType,
  UNKNOWN,
} from "../../framework/provider.ts";
import type { DockerConfig } from "../client.ts";
import { loginForImage, type RegistryLogin, registryKey, registryOfImage } from "../registry-auth.ts";
import { block, flag, text, textMap, texts } from "../specs.ts";
import { type BuildInputs, buildImage } from "./build.ts";
import { contextDigest, readBuildContext } from "./context.ts";
import { pushImage } from "./push.ts";

interface ImageInputs {
  readonly imageName: string;
  readonly build: BuildInputs;
  readonly skipPush?: boolean;
  readonly registry?: { readonly server?: string; readonly username?: string; readonly password?: string };
}

/**
 * docker:index/image:Image: builds an image, and pushes it unless `skipPush` is set. As with the official plugin its
 * id is its name, whatever changes builds it anew under the same id, destroying it leaves the image, and a refresh does
 * not look at the engine.
 */
export const image: ResourceType<DockerConfig> = {
  token: "docker:index/image:Image",
  properties: {
    imageName: text({ required: true }),
    skipPush: flag(),
    buildOnPreview: flag(),
    registry: block({ server: text(), username: text(), password: text({ secret: true }) }),
    build: block({
      addHosts: texts(),
      args: textMap(),
      builderVersion: text(),
      cacheFrom: block({ images: texts() }),
      context: text(),
      dockerfile: text(),
      network: text(),
      platform: text(),
      target: text(),
    }),
    baseImageName: text({ computed: true }),
    context: text({ computed: true }),
    dockerfile: text({ computed: true }),
    platform: text({ computed: true }),
    registryServer: text({ computed: true }),
    repoDigest: text({ computed: true }),
  },
  check(inputs) {
    const build = buildWithDefaults(inputs["build"]);
    const failures = [...builderFailures(build), ...nameFailures(inputs), ...dockerfileFailures(build)];
    const { context, dockerfile } = build;
    if (failures.length === 0 && typeof context === "string" && typeof dockerfile === "string") {
      build["contextDigest"] = contextDigest(readBuildContext(context, dockerfile));
    }
    return { inputs: { ...inputs, buildOnPreview: inputs["buildOnPreview"] ?? false, build }, failures };
  },
  diff: (_state, _olds, _news, changes) => changes.filter((change) => !isLogin(change)),
  async preview(inputs, _oldState, context) {
    const { imageName, buildOnPreview, build } = inputs;
    const wanted = buildOnPreview === true;
    const known =
      isRecord(build) && ![imageName, build["context"], build["dockerfile"], build["args"]].some(containsUnknown);
    if (wanted && !known) {
      context.log(
        "warning",
        "buildOnPreview needs imageName, context, dockerfile and args to be known: the preview goes on without the image",
      );
    }
    if (!wanted || !known) return { ...inputs, ...unknownOutputs() };
    return { ...inputs, ...(await makeImage(inputs, context, false)) };
  },
  async create(inputs, context) {
    return { id: String(inputs["imageName"]), state: await makeImage(inputs, context, true) };
  },
  read: (id, state, inputs) => Promise.resolve({ id, state, inputs }),
  update: (_id, _state, inputs, context) => makeImage(inputs, context, true),
  delete: () => Promise.resolve(),
};

async function makeImage(
  properties: Properties,
  context: ResourceContext<DockerConfig>,
  mayPush: boolean,
): Promise<Properties> {
  const { imageName, build, skipPush, registry } = properties as unknown as ImageInputs;
  const login = loginOf(imageName, registry, context);
  context.log("status", "Building the image");
  await buildImage(imageName, build, context, login);
  const outputs = {
    baseImageName: imageName,
    context: build.context,
    dockerfile: path.relative(build.context, build.dockerfile).split(path.sep).join("/"),
    platform: build.platform,
    registryServer: registry?.server ?? "",
  };
  if (skipPush === true) {
    const { Id } = await context.config.docker.getImage(imageName).inspect();
    return { ...outputs, repoDigest: Id };
  }
  if (!mayPush) return { ...outputs, repoDigest: UNKNOWN };
  context.log("status", "Pushing the image to the registry");
  return { ...outputs, repoDigest: await pushImage(imageName, login, context) };
}

function loginOf(
  imageName: string,
  registry: ImageInputs["registry"],
  context: ResourceContext<DockerConfig>,
): RegistryLogin | undefined {
  const { server, username, password } = registry ?? {};
  if (username !== undefined && password !== undefined) {
    return { username, password, serveraddress: registryKey(server ?? registryOfImage(imageName)) };
  }
  if (username !== undefined || password !== undefined) {
    const missing = username === undefined ? "username" : "password";
    context.log("warning", `registry.${missing} is not set: the logins of Docker's configuration file are used`);
  }
  return loginForImage(context.config.credentials, server === undefined ? imageName : `${registryKey(server)}/image`);
}

function buildWithDefaults(given: unknown): Properties {
  const build = isRecord(given) ? { ...given } : {};
  build["context"] ??= ".";
  build["dockerfile"] ??= typeof build["context"] === "string" ? path.join(build["context"], "Dockerfile") : UNKNOWN;
  build["platform"] ??= `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
  return build;
}

function builderFailures(build: Properties): { property: string; reason: string }[] {
  const version = build["builderVersion"];
  if (version === undefined || version === UNKNOWN || version === "BuilderV1" || version === "BuilderBuildKit")
    return [];
  return [
    {
      property: "build.builderVersion",
      reason: `"build.builderVersion" must be "BuilderV1" or "BuilderBuildKit"; found ${JSON.stringify(version)}`,
    },
  ];
}

// Only a name that begins with its registry says where to push to, or where the cache comes from.
function nameFailures(inputs: Properties): { property: string; reason: string }[] {
  const { imageName, skipPush, registry } = inputs;
  if (skipPush === true || typeof imageName !== "string") return [];
  if (isRecord(registry) && registry["server"] !== undefined) return [];
  if (registryOfImage(imageName) !== "docker.io" || imageName.startsWith("docker.io/")) return [];
  return [
    {
      property: "imageName",
      reason: `"imageName" of an image that is pushed must begin with its registry, for example docker.io/team/app:1; found "${imageName}". Or set skipPush`,
    },
  ];
}

function dockerfileFailures(build: Properties): { property: string; reason: string }[] {
  const { context, dockerfile } = build;
  if (typeof dockerfile !== "string" || existsSync(dockerfile)) return [];
  const inContext = typeof context === "string" ? path.join(context, dockerfile) : dockerfile;
  const remedy = existsSync(inContext)
    ? `Paths are relative to the program, not to the context: try "${inContext}"`
    : `Looked in ${process.cwd()}`;
  return [
    {
      property: "build.dockerfile",
      reason: `"build.dockerfile" must be a file; found none at "${dockerfile}". ${remedy}`,
    },
  ];
}

// A login that is renewed does not make another image.
function isLogin(change: PropertyChange): boolean {
  return change.path === "registry.username" || change.path === "registry.password";
}

function unknownOutputs(): Properties {
  const names = ["baseImageName", "context", "dockerfile", "platform", "registryServer", "repoDigest"];
  return Object.fromEntries(names.map((name) => [name, UNKNOWN]));
}
