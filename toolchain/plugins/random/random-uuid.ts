import { randomUUID } from "node:crypto";
import type { ResourceType } from "../framework/provider.ts";
import { fromState, keepers } from "./keepers.ts";

/** A random UUID of version 4, which is its id too. */
export const randomUuid: ResourceType<undefined> = {
  token: "random:index/randomUuid:RandomUuid",
  properties: { keepers, result: { type: "string", computed: true } },
  create() {
    const result = randomUUID();
    return Promise.resolve({ id: result, state: { result } });
  },
  read(id, state, inputs) {
    return Promise.resolve(fromState(id, state, inputs) ?? { id, state: { result: id }, inputs: {} });
  },
  delete: () => Promise.resolve(),
};
