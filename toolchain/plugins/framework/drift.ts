import { equalInputs } from "./diff.ts";
import type { PropertySpecs } from "./provider.ts";
import type { Properties } from "./values.ts";

/**
 * The inputs that `read` returns. A property that the program set takes the observed value where the two differ, and
 * keeps its own spelling where they do not. One that it left unset appears where what is observed is not the default;
 * never where the provider fills it in (`computed`, `computedIfUnset`). Properties that `observed` lacks are those that
 * cannot be read back: they stay as they were.
 */
export function observedInputs(specs: PropertySpecs, inputs: Properties, observed: Properties): Properties {
  const result: Properties = { ...inputs };
  for (const [key, value] of Object.entries(observed)) {
    const spec = specs[key];
    if (spec === undefined || spec.computed === true) continue;
    if (inputs[key] === undefined && spec.computedIfUnset === true && Object.keys(inputs).length > 0) continue;
    if (!equalInputs(spec, inputs[key] ?? spec.default, value)) result[key] = value;
  }
  return result;
}
