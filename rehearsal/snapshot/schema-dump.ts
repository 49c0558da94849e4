import { createHash, randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import type Docker from "dockerode";
import { thisMaker } from "../../engine/temporary.ts";
import type { Source } from "./source.ts";
import { WORK_LABEL } from "./work.ts";

/** A source's schema as SQL. */
export interface SchemaDump {
  /** What must be there before data: types, tables, functions, views. */
  readonly before: string;
  /** What is built on data: indexes, constraints, triggers. */
  readonly after: string;
}

/** The password and the trusted certificates come through standard input: they show in no list of processes. */
const DUMP = `umask 077
IFS= read -r line; printf '%s\\n' "$line" > /tmp/pgpass
cat > /tmp/authorities.pem
export PGPASSFILE=/tmp/pgpass PGSSLROOTCERT=/tmp/authorities.pem
exec pg_dump "$@"`;
const LAST_LINE = "-- PostgreSQL database dump complete";
const OPTIONS = [
  "--schema-only",
  "--no-owner",
  "--no-privileges",
  "--no-publications",
  "--no-subscriptions",
  "--no-security-labels",
  "--no-tablespaces",
  "--lock-wait-timeout=30s",
];

/**
 * The schema of a source at the moment of its snapshot, by pg_dump from an image of ours on the engine's host network.
 *
 * @throws Error with what pg_dump said
 */
export async function dumpSchema(docker: Docker, image: string, source: Source): Promise<SchemaDump> {
  const [before, after] = await Promise.all([
    dumpSection(docker, image, source, "pre-data"),
    dumpSection(docker, image, source, "post-data"),
  ]);
  return { before, after };
}

/** Hash of a schema: without what only says by which version of which program it was written. */
export function schemaHash({ before, after }: SchemaDump): string {
  const plain = `${before}\n${after}`.replace(/^-- Dumped .*$/gm, "");
  return createHash("sha256").update(plain).digest("hex");
}

async function dumpSection(docker: Docker, image: string, source: Source, section: string): Promise<string> {
  const { host, port, username, password, database, sslmode } = source.address;
  const container = await docker.createContainer({
    name: `snapshot-schema-${randomBytes(4).toString("hex")}`,
    Image: image,
    Entrypoint: ["/bin/sh", "-c", DUMP, "sh"],
    Cmd: [
      ...OPTIONS,
      `--section=${section}`,
      `--snapshot=${source.snapshot}`,
      `--host=${host}`,
      `--port=${port}`,
      `--username=${username}`,
      `--dbname=${database}`,
      "--no-password",
    ],
    Env: [`PGSSLMODE=${sslmode}`, "PGAPPNAME=rehearse snapshot"],
    Labels: { [WORK_LABEL]: thisMaker() },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      NetworkMode: "host",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
      LogConfig: { Type: "none", Config: {} },
    },
  });
  try {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, stdout, stderr);
    stream.on("end", () => {
      stdout.end();
      stderr.end();
    });
    const said = Promise.all([text(stdout), text(stderr)]);
    await container.start();
    const escaped = password.replace(/[\\:]/g, "\\$&");
    stream.end(`*:*:*:*:${escaped}\n${tls.getCACertificates("default").join("\n")}\n`);
    const [schema, errors] = await said;
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    if (StatusCode !== 0) throw new Error(`pg_dump must read the source's schema; it says: ${errors.trim()}`);
    if (!schema.includes(LAST_LINE)) {
      throw new Error(
        `pg_dump must give the source's whole schema, which ends in "${LAST_LINE}"; found ${schema.length} characters of section ` +
          `${section} without it. Mend pg_dump in image ${image}: is it of another version than the server? It says: ${errors.trim() || "nothing"}`,
      );
    }
    // Commands to psql, in a random form: they fence what a hostile server could write.
    return schema.replace(/^\\(un)?restrict .*$/gm, "");
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}
