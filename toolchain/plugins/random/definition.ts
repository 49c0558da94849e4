import type { ProviderDefinition } from "../framework/provider.ts";
import { randomId } from "./random-id.ts";
import { randomInteger } from "./random-integer.ts";
import { randomPassword, randomString } from "./random-string.ts";
import { randomUuid } from "./random-uuid.ts";

/** The stand-in of the random plugin: its values are made once, kept in state, and never read from anywhere. */
export const randomProvider: ProviderDefinition<undefined> = {
  name: "random",
  version: "4.21.2",
  configProperties: {},
  configure: () => undefined,
  resources: [randomPassword, randomString, randomId, randomInteger, randomUuid],
};
