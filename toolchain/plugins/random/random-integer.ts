import { randomInt } from "node:crypto";
import type { ResourceType } from "../framework/provider.ts";
import { fromState, keepers } from "./keepers.ts";

/** A random whole number from `min` to `max`, both included; the id is the number. */
export const randomInteger: ResourceType<undefined> = {
  token: "random:index/randomInteger:RandomInteger",
  properties: {
    keepers,
    min: { type: "number", required: true, forceNew: true },
    max: { type: "number", required: true, forceNew: true },
    // The same seed must give the official plugin's number, which takes its generator.
    seed: { type: "string", forceNew: true, unsupported: true },
    result: { type: "number", computed: true },
  },
  check(inputs) {
    const { min, max } = inputs;
    const valid = typeof min !== "number" || typeof max !== "number" || min <= max;
    const reason = `min must not be greater than max; found min ${String(min)}, max ${String(max)}`;
    return { inputs, failures: valid ? [] : [{ property: "min", reason }] };
  },
  create(inputs) {
    const result = randomInt(Number(inputs["min"]), Number(inputs["max"]) + 1);
    return Promise.resolve({ id: String(result), state: { result } });
  },
  read(id, state, inputs) {
    const known = fromState(id, state, inputs);
    if (known !== undefined) return Promise.resolve(known);
    const [result, min, max] = id.split(",").map(Number);
    if (result === undefined || min === undefined || max === undefined || Number.isNaN(result + min + max)) {
      throw new Error(`The id to import a RandomInteger by must be RESULT,MIN,MAX; found ${id}`);
    }
    return Promise.resolve({ id: String(result), state: { result, min, max }, inputs: { min, max } });
  },
  delete: () => Promise.resolve(),
};
