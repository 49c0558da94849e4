import type { handleUnaryCall } from "@grpc/grpc-js";
import type { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  InvokeRequest,
  ProviderHandshakeRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import {
  checkProperties,
  DEFAULTS_KEY,
  defaultsOf,
  fillAutoName,
  markSecrets,
  type Subject,
  withoutInternal,
} from "./check.ts";
import { configurationFrom } from "./configuration.ts";
import { diffInputs } from "./diff.ts";
import type { EngineLog } from "./engine-log.ts";
import { ResourceInitializationError, standInRemedy, toServiceError } from "./errors.ts";
import type { ProviderDefinition, ResourceContext, ResourceType } from "./provider.ts";
import { checkResponse, diffResponse, keepsGivenName, keptOutputs, plannedState } from "./responses.ts";
import { unary } from "./unary.ts";
import { fromStruct, type Properties, toStruct } from "./values.ts";

// What the official plugins allow an operation for which the program sets no `customTimeouts`.
const DEFAULT_TIMEOUT_SECONDS = 20 * 60;

type Service = Omit<
  Pick<
    IResourceProviderServer,
    | "handshake"
    | "attach"
    | "getPluginInfo"
    | "checkConfig"
    | "diffConfig"
    | "configure"
    | "invoke"
    | "check"
    | "diff"
    | "create"
    | "read"
    | "update"
    | "delete"
    | "cancel"
  >,
  number
>;

/** Answers the engine's calls for one provider definition. `cancelled` aborts all that is under way. */
export function createService<Config>(
  definition: ProviderDefinition<Config>,
  log: EngineLog,
  cancelled: AbortController,
): Service {
  const types = new Map(definition.resources.map((type) => [type.token, type]));
  const subject = (what: string): Subject => ({ plugin: definition.name, version: definition.version, what });
  let config: { readonly value: Config } | undefined;

  function configured(): Config {
    if (config === undefined) throw new Error(`The ${definition.name} provider was used before it was configured`);
    return config.value;
  }

  function typeOf(urn: string): ResourceType<Config> {
    const token = urn.split("::").at(-2)?.split("$").at(-1) ?? "";
    const type = types.get(token);
    if (type !== undefined) return type;
    throw new Error(
      `The resource type ${token} is not supported here. ${standInRemedy(definition.name, definition.version)}`,
    );
  }

  function contextOf(urn: string, timeout: number, preview: boolean): ResourceContext<Config> {
    const timeoutSeconds = timeout > 0 ? timeout : DEFAULT_TIMEOUT_SECONDS;
    return {
      config: configured(),
      urn,
      name: urn.split("::").at(-1) ?? "",
      log: (severity, message) => {
        log.log(severity, message, urn);
      },
      signal: AbortSignal.any([cancelled.signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
      timeoutSeconds,
      preview,
    };
  }

  /** Runs an operation that leaves a resource; a half-made one goes into the error with its secrets marked. */
  async function leaving<T>(type: ResourceType<Config>, inputs: Properties, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof ResourceInitializationError)) throw error;
      const state = markSecrets(type.properties, { ...withoutInternal(inputs), ...error.state });
      throw new ResourceInitializationError(
        error.message,
        error.id,
        state,
        error.reasons,
        markSecrets(type.properties, inputs),
      );
    } finally {
      await log.flush();
    }
  }

  return {
    handshake: answer((request: ProviderHandshakeRequest) => {
      if (request.getEngineAddress() !== "") log.connect(request.getEngineAddress());
      return new providerPb.ProviderHandshakeResponse();
    }),
    attach: answer((request: PluginAttach) => {
      log.connect(request.getAddress());
      return new emptyPb.Empty();
    }),
    getPluginInfo: answer(() => {
      const info = new pluginPb.PluginInfo();
      info.setVersion(definition.version);
      return info;
    }),
    checkConfig: answer((request: CheckRequest) => {
      const { failures } = configurationFrom(
        subject("the provider's configuration"),
        definition.configProperties,
        fromStruct(request.getNews()),
      );
      return checkResponse(failures, request.getNews());
    }),
    diffConfig: answer((request: DiffRequest) => {
      const olds = request.getOldInputs() ?? request.getOlds();
      // A provider's configuration says how to reach what exists, so that no change of it replaces anything.
      const changes = diffInputs({}, fromStruct(olds), fromStruct(request.getNews()));
      return diffResponse(
        changes.map((change) => ({ ...change, replace: false })),
        false,
      );
    }),
    configure: answer(async (request: ConfigureRequest) => {
      const { inputs, failures } = configurationFrom(
        subject("the provider's configuration"),
        definition.configProperties,
        fromStruct(request.getArgs()),
      );
      if (failures.length > 0) throw new Error(failures.map((failure) => failure.reason).join("\n"));
      config = { value: await definition.configure(inputs) };
      // Secrets come in clear, as they do to the official plugins: the engine marks outputs of the same name itself.
      const response = new providerPb.ConfigureResponse();
      response.setSupportspreview(true);
      return response;
    }),
    invoke: answer(async (request: InvokeRequest) => {
      const run = definition.functions?.[request.getTok()];
      if (run === undefined) {
        const remedy = standInRemedy(definition.name, definition.version);
        throw new Error(`The function ${request.getTok()} is not supported here. ${remedy}`);
      }
      const result = await run(fromStruct(request.getArgs()), { config: configured(), signal: cancelled.signal });
      const response = new providerPb.InvokeResponse();
      response.setReturn(toStruct(result));
      return response;
    }),
    check: answer(async (request: CheckRequest) => {
      const type = typeOf(request.getUrn());
      const context = contextOf(request.getUrn(), 0, true);
      const olds = fromStruct(request.getOlds());
      const seed = Buffer.from(request.getRandomseed_asU8());
      const named = fillAutoName(type.autoName, fromStruct(request.getNews()), olds, context.name, seed);
      const general = checkProperties(subject(`the resource type ${type.token}`), type.properties, named);
      const own =
        general.failures.length === 0 && type.check !== undefined
          ? await type.check(general.inputs, withoutInternal(olds), context)
          : general;
      await log.flush();
      const inputs = { ...own.inputs, [DEFAULTS_KEY]: defaultsOf(named) };
      return checkResponse(own.failures, toStruct(markSecrets(type.properties, inputs)));
    }),
    diff: answer((request: DiffRequest) => {
      const type = typeOf(request.getUrn());
      const state = fromStruct(request.getOlds());
      const olds = fromStruct(request.getOldInputs());
      const news = fromStruct(request.getNews());
      const general = diffInputs(type.properties, olds, news);
      const changes = type.diff?.(state, withoutInternal(olds), withoutInternal(news), general) ?? general;
      const replacing = type.update === undefined ? changes.map((change) => ({ ...change, replace: true })) : changes;
      return diffResponse(replacing, type.deleteBeforeReplace === true || keepsGivenName(type.autoName, olds, news));
    }),
    create: answer(async (request: CreateRequest) => {
      const type = typeOf(request.getUrn());
      const inputs = fromStruct(request.getProperties());
      const context = contextOf(request.getUrn(), request.getTimeout(), request.getPreview());
      const response = new providerPb.CreateResponse();
      const plain = withoutInternal(inputs);
      if (request.getPreview()) {
        const own = await leaving(type, inputs, async () => type.preview?.(plain, undefined, context));
        response.setProperties(toStruct(markSecrets(type.properties, own ?? plannedState(type.properties, plain))));
        return response;
      }
      const created = await leaving(type, inputs, () => type.create(plain, context));
      response.setId(created.id);
      response.setProperties(toStruct(markSecrets(type.properties, { ...plain, ...created.state })));
      return response;
    }),
    read: answer(async (request: ReadRequest) => {
      const type = typeOf(request.getUrn());
      const olds = fromStruct(request.getInputs());
      const state = withoutInternal(fromStruct(request.getProperties()));
      const context = contextOf(request.getUrn(), request.getTimeout(), false);
      const found = await leaving(type, olds, () => type.read(request.getId(), state, withoutInternal(olds), context));
      const response = new providerPb.ReadResponse();
      if (found === undefined) return response;
      const inputs = { ...found.inputs, [DEFAULTS_KEY]: defaultsOf(olds) };
      response.setId(found.id);
      response.setProperties(toStruct(markSecrets(type.properties, found.state)));
      response.setInputs(toStruct(markSecrets(type.properties, inputs)));
      return response;
    }),
    update: answer(async (request: UpdateRequest) => {
      const type = typeOf(request.getUrn());
      const inputs = fromStruct(request.getNews());
      const plain = withoutInternal(inputs);
      const state = withoutInternal(fromStruct(request.getOlds()));
      const context = contextOf(request.getUrn(), request.getTimeout(), request.getPreview());
      const response = new providerPb.UpdateResponse();
      if (request.getPreview()) {
        // Outputs that an update does not touch stay known, or all that depends on them would seem to change.
        const own = await leaving(type, inputs, async () => type.preview?.(plain, state, context));
        const planned = own ?? { ...keptOutputs(type.properties, state), ...plain };
        response.setProperties(toStruct(markSecrets(type.properties, planned)));
        return response;
      }
      if (type.update === undefined) throw new Error(`${type.token} cannot be changed in place`);
      const update = type.update.bind(type);
      const updated = await leaving(type, inputs, () => update(request.getId(), state, plain, context));
      response.setProperties(
        toStruct(markSecrets(type.properties, { ...keptOutputs(type.properties, state), ...plain, ...updated })),
      );
      return response;
    }),
    delete: answer(async (request: DeleteRequest) => {
      const type = typeOf(request.getUrn());
      const state = withoutInternal(fromStruct(request.getProperties()));
      const context = contextOf(request.getUrn(), request.getTimeout(), false);
      await leaving(type, {}, () => type.delete(request.getId(), state, context));
      return new emptyPb.Empty();
    }),
    cancel: answer(() => {
      cancelled.abort(new Error("The operation was cancelled"));
      return new emptyPb.Empty();
    }),
  };
}

function answer<Request, Response>(
  handler: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unary(handler, toServiceError);
}
