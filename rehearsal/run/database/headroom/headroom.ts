import type pg from "pg";
import type { PostgresAddress } from "../../../../engine/postgres.ts";
import type { Finding } from "../../../finding.ts";
import { type Look, lookAt, notLookedAt } from "../look.ts";
import { heldLocks } from "./advisory-locks.ts";
import { collationVersions } from "./collations.ts";
import { type ConnectionUser, connectionHeadroom } from "./connections.ts";
import { type DeclaredExtension, extensionState } from "./extensions.ts";
import { type KeyPositions, keyHeadroom } from "./keys.ts";
import { serverSettings } from "./server-settings.ts";
import { type EarlierSize, type StoragePlace, storageFindings, storageNeeds } from "./storage.ts";
import { heldBack, transactionHeadroom } from "./transactions.ts";

/** What is known of a database beside its address; whatever is left out is judged without it. */
export interface HeadroomOptions {
  /** Where keys stood at the rehearsal before. */
  readonly keys?: KeyPositions | undefined;
  /** What connects to it. */
  readonly users?: readonly ConnectionUser[];
  readonly extensions?: readonly DeclaredExtension[];
  /** Its storage; undefined where it cannot be told. */
  readonly storage?: readonly StoragePlace[] | undefined;
  readonly size?: EarlierSize | undefined;
  /** Addresses from which the environment's tasks connect; undefined where they cannot be told. */
  readonly tasks?: readonly string[] | undefined;
  /** Roles whose settings count, on a server that others use as well; undefined: all. */
  readonly roles?: readonly string[] | undefined;
  readonly signal?: AbortSignal;
}

/**
 * What a database has left before it stops: numbers of keys, transaction numbers, connections, storage; and whether its
 * collations, extensions and settings are those that its data needs. Reads only; neither waits for locks nor keeps them,
 * so that it may be asked of production's database while that serves.
 *
 * @throws Error where the database cannot be reached
 */
export async function databaseHeadroom(address: PostgresAddress, options: HeadroomOptions = {}): Promise<Finding[]> {
  return await lookAt(address, headroomLooks(options), options.signal);
}

/** The same as single looks, for who has others to take on the same connection. */
export function headroomLooks(options: HeadroomOptions): Look[] {
  const { keys, users = [], extensions = [], storage, size, roles, tasks } = options;
  return [
    { what: "headroom of keys and sequences", look: (client) => keyHeadroom(client, keys) },
    { what: "age of transaction numbers", look: transactionHeadroom },
    {
      what: "open and prepared transactions, replication slots",
      look: (client) => heldBack(client, roles === undefined),
    },
    ...(tasks === undefined ? [] : [{ what: "advisory locks", look: (client: pg.Client) => heldLocks(client, tasks) }]),
    { what: "connections", look: (client) => connectionHeadroom(client, users) },
    { what: "versions of collations", look: collationVersions },
    { what: "extensions", look: (client) => extensionState(client, extensions) },
    { what: "settings of the server", look: (client) => serverSettings(client, roles) },
    {
      what: "storage",
      look: async (client) => {
        const needs = await storageNeeds(client);
        if (storage === undefined) return [notLookedAt("storage", "what is free on another's server cannot be told")];
        return storageFindings(storage, needs, size);
      },
    },
  ];
}
