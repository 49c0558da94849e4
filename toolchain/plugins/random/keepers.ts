import type { Properties, PropertySpec, ReadResult } from "../framework/provider.ts";

/** Values that, when they change, make a new random value. */
export const keepers: PropertySpec = { type: "map", items: { type: "string" }, forceNew: true };

/** A random value exists in state alone: a refresh gives back what is there. Without state it is an import. */
export function fromState(id: string, state: Properties, inputs: Properties): ReadResult | undefined {
  return Object.keys(state).length === 0 ? undefined : { id, state, inputs };
}
