import type { Properties } from "./values.ts";

export { observedInputs } from "./drift.ts";
export { ResourceInitializationError } from "./errors.ts";
export { serve } from "./serve.ts";
export { containsUnknown, isRecord, type Properties, Secret, UNKNOWN } from "./values.ts";

/** One property of a resource, a function or a provider's configuration. */
export interface PropertySpec {
  readonly type: "string" | "number" | "boolean" | "object" | "array" | "map" | "any";
  /** Must be given by the program. */
  readonly required?: boolean;
  /** Encrypted in state wherever it appears. */
  readonly secret?: boolean;
  /** An output only: refused as an input. */
  readonly computed?: boolean;
  /** May be given; where it is not, the provider fills it in, so that previews of a creation do not know it. */
  readonly computedIfUnset?: boolean;
  /** A change replaces the resource. */
  readonly forceNew?: boolean;
  readonly default?: unknown;
  /** Of arrays and maps. */
  readonly items?: PropertySpec;
  /** Of objects. */
  readonly properties?: Readonly<Record<string, PropertySpec>>;
  /** An array in which order means nothing. */
  readonly set?: boolean;
  /** The official plugin has it, this one does not: refused by name. */
  readonly unsupported?: boolean;
}

export type PropertySpecs = Readonly<Record<string, PropertySpec>>;

/** What one operation on one resource may use. */
export interface ResourceContext<Config> {
  readonly config: Config;
  readonly urn: string;
  /** The last part of the URN: the resource's name in the program. */
  readonly name: string;
  log(severity: "info" | "warning" | "error" | "status", message: string): void;
  /** Aborts on cancel, when the time limit is reached, and when the engine is gone. */
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
  readonly preview: boolean;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: Properties;
  readonly failures: readonly CheckFailure[];
}

export interface PropertyChange {
  /** A property path as Pulumi writes it: `a.b[0]["c d"]`. */
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  /** Whether this change alone replaces the resource. */
  readonly replace: boolean;
}

export interface ReadResult {
  readonly id: string;
  readonly state: Properties;
  /** The inputs as a program would have to write them to get what is there: drift is where they differ. */
  readonly inputs: Properties;
}

/** One type of resource. Values it is handed are plain: no secrets, and unknown ones in `check` and `diff` only. */
export interface ResourceType<Config> {
  readonly token: string;
  readonly properties: PropertySpecs;
  /** The property that, left unset, is filled with the URN's name, "-" and seven random hexadecimal digits. */
  readonly autoName?: string;
  readonly deleteBeforeReplace?: boolean;
  /** Called with inputs that have passed the general check (names, types, defaults). */
  check?(
    inputs: Properties,
    oldInputs: Properties,
    context: ResourceContext<Config>,
  ): CheckResult | Promise<CheckResult>;
  /** Given the general comparison of inputs, says what differs. */
  diff?(
    oldState: Properties,
    oldInputs: Properties,
    newInputs: Properties,
    changes: readonly PropertyChange[],
  ): readonly PropertyChange[];
  /** Inputs count as part of the state; what is returned here is added to them and wins. */
  create(inputs: Properties, context: ResourceContext<Config>): Promise<{ id: string; state: Properties }>;
  /** Undefined: it is gone. `state` and `inputs` are empty on import. */
  read(
    id: string,
    state: Properties,
    inputs: Properties,
    context: ResourceContext<Config>,
  ): Promise<ReadResult | undefined>;
  /** Without it every change replaces. The returned state is added to the inputs and wins. */
  update?(
    id: string,
    oldState: Properties,
    newInputs: Properties,
    context: ResourceContext<Config>,
  ): Promise<Properties>;
  delete(id: string, state: Properties, context: ResourceContext<Config>): Promise<void>;
  /**
   * The state that a preview expects after a creation (no old state) or an update; `inputs` may hold unknown values.
   * Without it, computed outputs are unknown after a creation and stay as they are after an update.
   */
  preview?(
    inputs: Properties,
    oldState: Properties | undefined,
    context: ResourceContext<Config>,
  ): Properties | Promise<Properties>;
}

export type ProviderFunction<Config> = (
  args: Properties,
  context: { readonly config: Config; readonly signal: AbortSignal },
) => Promise<Properties>;

export interface ProviderDefinition<Config> {
  readonly name: string;
  /** The version of the official plugin that it stands in for. */
  readonly version: string;
  readonly configProperties: PropertySpecs;
  configure(config: Properties): Promise<Config> | Config;
  readonly resources: readonly ResourceType<Config>[];
  readonly functions?: Readonly<Record<string, ProviderFunction<Config>>>;
}
