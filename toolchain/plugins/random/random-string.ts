import { hash } from "bcryptjs";
import type { CheckResult, Properties, PropertySpec, ResourceType } from "../framework/provider.ts";
import { type CharacterRules, faultOf, randomCharacters } from "./characters.ts";
import { fromState, keepers } from "./keepers.ts";

// The cost of the official plugin.
const BCRYPT_COST = 10;
const BCRYPT_MAX_BYTES = 72;

const count: PropertySpec = { type: "number", default: 0, forceNew: true };
const allowed: PropertySpec = { type: "boolean", default: true, forceNew: true };
// One setting with two names, `number` being the old one: `check` resolves both, so that no default goes before it.
const digits: PropertySpec = { type: "boolean", computedIfUnset: true, forceNew: true };

const properties: Record<string, PropertySpec> = {
  keepers,
  length: { type: "number", required: true, forceNew: true },
  lower: allowed,
  upper: allowed,
  number: digits,
  numeric: digits,
  special: allowed,
  minLower: count,
  minUpper: count,
  minNumeric: count,
  minSpecial: count,
  overrideSpecial: { type: "string", forceNew: true },
};

/** A random string that is no secret; its id is the string. */
export const randomString: ResourceType<undefined> = {
  token: "random:index/randomString:RandomString",
  properties: { ...properties, result: { type: "string", computed: true } },
  check,
  create(inputs) {
    const result = randomCharacters(rulesFrom(inputs));
    return Promise.resolve({ id: result, state: { result } });
  },
  read(id, state, inputs) {
    const imported = importedInputs(id);
    return Promise.resolve(
      fromState(id, state, inputs) ?? { id, state: { ...imported, result: id }, inputs: imported },
    );
  },
  delete: () => Promise.resolve(),
};

/** A random string that is secret, and its bcrypt hash; the id says nothing about it. */
export const randomPassword: ResourceType<undefined> = {
  token: "random:index/randomPassword:RandomPassword",
  properties: {
    ...properties,
    result: { type: "string", computed: true, secret: true },
    bcryptHash: { type: "string", computed: true, secret: true },
  },
  check,
  async create(inputs) {
    const result = randomCharacters(rulesFrom(inputs));
    return { id: "none", state: { result, bcryptHash: await bcryptHash(result) } };
  },
  async read(id, state, inputs) {
    const known = fromState(id, state, inputs);
    if (known !== undefined) return known;
    // An import's id is the password itself.
    const imported = importedInputs(id);
    return {
      id: "none",
      state: { ...imported, result: id, bcryptHash: await bcryptHash(id) },
      inputs: imported,
    };
  },
  delete: () => Promise.resolve(),
};

function check(inputs: Properties): CheckResult {
  const numeric = inputs["numeric"] ?? inputs["number"] ?? true;
  const resolved: Properties = { ...inputs, numeric, number: numeric };
  const known = Object.values(resolved).every((value) => typeof value !== "symbol");
  const fault = known ? faultOf(rulesFrom(resolved)) : undefined;
  return { inputs: resolved, failures: fault === undefined ? [] : [{ property: "length", reason: fault }] };
}

function rulesFrom(inputs: Properties): CharacterRules {
  const { overrideSpecial } = inputs;
  return {
    length: Number(inputs["length"]),
    lower: inputs["lower"] === true,
    upper: inputs["upper"] === true,
    numeric: inputs["numeric"] === true,
    special: inputs["special"] === true,
    minLower: Number(inputs["minLower"]),
    minUpper: Number(inputs["minUpper"]),
    minNumeric: Number(inputs["minNumeric"]),
    minSpecial: Number(inputs["minSpecial"]),
    overrideSpecial: typeof overrideSpecial === "string" ? overrideSpecial : undefined,
  };
}

function importedInputs(value: string): Properties {
  const defaults = Object.entries(properties).flatMap(([key, spec]) =>
    spec.default === undefined ? [] : [[key, spec.default] as const],
  );
  return { ...Object.fromEntries(defaults), numeric: true, number: true, length: Array.from(value).length };
}

function bcryptHash(password: string): Promise<string> {
  return hash(Buffer.from(password).subarray(0, BCRYPT_MAX_BYTES).toString(), BCRYPT_COST);
}
