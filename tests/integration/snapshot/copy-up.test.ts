import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withConnection } from "../../../engine/postgres.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { type Clone, startClone } from "../../../rehearsal/snapshot/clone.ts";
import { build, IMAGES } from "../images/builds.ts";
import { makeSnapshot, removeSnapshot } from "../support/made-snapshot.ts";

const docker = new Docker();
const ID = "c0b1c0b1c0b1";

describe("a clone's large tables", () => {
  let clone: Clone;
  let network: Docker.Network;

  beforeAll(async () => {
    const postgresImage = "images-test-postgres";
    await build({ tag: postgresImage, context: path.join(IMAGES, "postgres") });
    const image = await makeSnapshot({
      id: ID,
      project: "copy-up",
      postgresImage,
      fill: `
        CREATE TABLE large (id bigint PRIMARY KEY, words text);
        INSERT INTO large SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 80000) n;
        CREATE TABLE other (id bigint PRIMARY KEY, words text);
        INSERT INTO other SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 80000) n;`,
    });
    const name = `copy-up-${randomBytes(3).toString("hex")}`;
    network = await docker.createNetwork({ Name: name, Internal: true, Labels: temporaryLabels() });
    clone = await startClone(docker, { image, name, network: name, database: "app", memoryMiB: 256, parameters: [] });
  });
  afterAll(async () => {
    await clone.remove();
    await network.remove();
    await removeSnapshot(ID);
  });

  /** Data files that the container has in a layer of its own: docker diff leaves out what has equal content. */
  async function ownFiles(): Promise<string[]> {
    const { GraphDriver } = await docker.getContainer(clone.name).inspect();
    const { UpperDir: layer } = GraphDriver.Data as unknown as { UpperDir: string };
    const files = await readdir(path.join(layer, "var/lib/postgresql/data/pgdata/base"), { recursive: true });
    return files.filter((file) => /^\d+\/\d+$/.test(file));
  }

  /** Files of a table and of the index of its primary key. */
  async function filesOf(table: string): Promise<string[]> {
    return withConnection(clone.address, async (client) => {
      const { rows } = await client.query<{ file: string }>(
        "SELECT substr(pg_relation_filepath(name::regclass), 6) AS file FROM unnest($1::text[]) name",
        [[table, `${table}_pkey`]],
      );
      return rows.map(({ file }) => file);
    });
  }

  it("are copied into its own layer with their indexes, and no others", async () => {
    const [large, other] = [await filesOf("large"), await filesOf("other")];
    expect(large).toHaveLength(2);
    expect(await ownFiles()).not.toEqual(expect.arrayContaining(large));
    await clone.copyUp(["large"]);
    const copied = await ownFiles();
    expect(copied).toEqual(expect.arrayContaining(large));
    for (const file of other) expect(copied).not.toContain(file);
  });

  it("are untouched in what they hold", async () => {
    const rows = await withConnection(clone.address, async (client) => {
      const { rows: found } = await client.query<{ count: string; first: string }>(
        "SELECT count(*), min(words) AS first FROM large WHERE words = repeat(md5(id::text), 3)",
      );
      return found;
    });
    expect(rows[0]?.count).toBe("80000");
  });
});
