import { randomBytes } from "node:crypto";
import type { Properties, ResourceType } from "../framework/provider.ts";
import { fromState, keepers } from "./keepers.ts";

/** Random bytes in several spellings, each after the prefix; the id is the URL-safe one without prefix. */
export const randomId: ResourceType<undefined> = {
  token: "random:index/randomId:RandomId",
  properties: {
    keepers,
    byteLength: { type: "number", required: true, forceNew: true },
    prefix: { type: "string", forceNew: true },
    hex: { type: "string", computed: true },
    dec: { type: "string", computed: true },
    b64Std: { type: "string", computed: true },
    b64Url: { type: "string", computed: true },
  },
  check(inputs) {
    const { byteLength } = inputs;
    const valid = typeof byteLength !== "number" || (Number.isInteger(byteLength) && byteLength >= 1);
    const reason = `byteLength must be a whole number of at least 1; found ${String(byteLength)}`;
    return { inputs, failures: valid ? [] : [{ property: "byteLength", reason }] };
  },
  create(inputs) {
    const bytes = randomBytes(Number(inputs["byteLength"]));
    return Promise.resolve({
      id: bytes.toString("base64url"),
      state: spellings(bytes, typeof inputs["prefix"] === "string" ? inputs["prefix"] : ""),
    });
  },
  read(id, state, inputs) {
    const known = fromState(id, state, inputs);
    return Promise.resolve(known ?? imported(id));
  },
  delete: () => Promise.resolve(),
};

/** The outputs for these bytes. */
export function spellings(bytes: Buffer, prefix: string): Properties {
  return {
    hex: prefix + bytes.toString("hex"),
    dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
    b64Std: prefix + bytes.toString("base64"),
    b64Url: prefix + bytes.toString("base64url"),
  };
}

/** An import's id is `PREFIX,BASE64URL`, or the second part alone. */
function imported(id: string) {
  const comma = id.lastIndexOf(",");
  const prefix = comma < 0 ? "" : id.slice(0, comma);
  const encoded = id.slice(comma + 1);
  const bytes = Buffer.from(encoded, "base64url");
  const inputs: Properties = { byteLength: bytes.length, ...(comma < 0 ? {} : { prefix }) };
  return { id: encoded, state: { ...inputs, ...spellings(bytes, prefix) }, inputs };
}
