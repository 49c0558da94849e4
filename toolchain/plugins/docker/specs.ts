import type { PropertySpec, PropertySpecs } from "../framework/provider.ts";

/** A property of this plugin. Texts of a form compare by what they stand for: "60s" is "1m", "0.10" is "0.1". */
export interface DockerSpec extends PropertySpec {
  readonly form?: "duration" | "decimal";
}

type Options = Omit<DockerSpec, "type" | "items" | "properties">;

export const text = (options: Options = {}): DockerSpec => ({ type: "string", ...options });
export const count = (options: Options = {}): DockerSpec => ({ type: "number", ...options });
export const flag = (options: Options = {}): DockerSpec => ({ type: "boolean", ...options });
export const duration = (options: Options = {}): DockerSpec => ({ type: "string", form: "duration", ...options });
export const decimal = (options: Options = {}): DockerSpec => ({ type: "string", form: "decimal", ...options });
export const list = (items: DockerSpec, options: Options = {}): DockerSpec => ({ type: "array", items, ...options });
export const setOf = (items: DockerSpec, options: Options = {}): DockerSpec => list(items, { set: true, ...options });
export const texts = (options: Options = {}): DockerSpec => list(text(), options);
export const textSet = (options: Options = {}): DockerSpec => setOf(text(), options);
export const textMap = (options: Options = {}): DockerSpec => ({ type: "map", items: text(), ...options });
export const block = (properties: PropertySpecs, options: Options = {}): DockerSpec => ({
  type: "object",
  properties,
  ...options,
});
export const labelSet = (options: Options = {}): DockerSpec =>
  setOf(block({ label: text({ required: true }), value: text({ required: true }) }), options);

/** What the official plugin has and this one refuses by name. */
export const unsupported: DockerSpec = { type: "any", unsupported: true };
