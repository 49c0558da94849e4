import type Docker from "dockerode";

/** A masked copy of a database as an image on the engine, as its labels describe it. */
export interface Snapshot {
  /** Twelve hexadecimal digits that name the content. */
  readonly id: string;
  /** The name to run: `snapshot:<id>`, with the registry in front of it where there is one. */
  readonly image: string;
  /** The image's id on this engine: `sha256:…`. */
  readonly imageId: string;
  /** Short name of the project (`app.name`) that it was taken for. */
  readonly project: string;
  /** The stack, or `host:port/database`. */
  readonly source: string;
  /** ISO 8601. */
  readonly takenAt: string;
  /** Of the source, such as `17.5`. */
  readonly serverVersion: string;
  readonly extensions: readonly string[];
  /** Rows by `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
  /** Size of the database in the snapshot. */
  readonly bytes: number;
  /** Hash of the masking rules. */
  readonly masking: string;
  /** Fingerprint of the key that values were masked with. */
  readonly maskingKey: string;
  /** Migrations that Django has recorded as applied: `app.name`; none where there is no such table. */
  readonly migrations: readonly string[];
  /** How many of the source's statements the database `statistics` holds. */
  readonly statements: number;
}

/** What a snapshot's labels are made from: all but what the engine itself knows. */
export type SnapshotDescription = Omit<Snapshot, "image" | "imageId">;

/** Role that owns the database of a snapshot and everything in it; it cannot log in. */
export const SNAPSHOT_OWNER = "snapshot_owner";
/** The database with the data. */
export const SNAPSHOT_DATABASE = "snapshot";
/** The database with the statements that the source's server had counted. */
export const STATISTICS_DATABASE = "statistics";

/** Label of every snapshot's image, and of what runs one: its id. */
export const SNAPSHOT_LABEL = "rehearsal.snapshot";
/** Label of every snapshot's image: the project that it was taken for. */
export const PROJECT_LABEL = `${SNAPSHOT_LABEL}.project`;

/** The image's name: `snapshot:<id>`, below the registry where one is set. */
export function snapshotImageName(id: string, registry: string): string {
  return `${registry === "none" ? "" : `${registry}/`}snapshot:${id}`;
}

/** The labels that describe a snapshot. */
export function snapshotLabels(snapshot: SnapshotDescription): Record<string, string> {
  return {
    [SNAPSHOT_LABEL]: snapshot.id,
    [PROJECT_LABEL]: snapshot.project,
    [`${SNAPSHOT_LABEL}.source`]: snapshot.source,
    [`${SNAPSHOT_LABEL}.taken-at`]: snapshot.takenAt,
    [`${SNAPSHOT_LABEL}.server-version`]: snapshot.serverVersion,
    [`${SNAPSHOT_LABEL}.extensions`]: JSON.stringify(snapshot.extensions),
    [`${SNAPSHOT_LABEL}.rows`]: JSON.stringify(snapshot.rows),
    [`${SNAPSHOT_LABEL}.bytes`]: String(snapshot.bytes),
    [`${SNAPSHOT_LABEL}.masking`]: snapshot.masking,
    [`${SNAPSHOT_LABEL}.masking-key`]: snapshot.maskingKey,
    [`${SNAPSHOT_LABEL}.migrations`]: JSON.stringify(snapshot.migrations),
    [`${SNAPSHOT_LABEL}.statements`]: String(snapshot.statements),
  };
}

/** The snapshots of a project on the engine, the newest first. */
export async function listSnapshots(docker: Docker, project: string): Promise<Snapshot[]> {
  const images = await docker.listImages({ filters: { label: [SNAPSHOT_LABEL, `${PROJECT_LABEL}=${project}`] } });
  return images
    .flatMap(({ Id, RepoTags, Labels }) => {
      const image = RepoTags?.find((tag) => tag.endsWith(`snapshot:${Labels[SNAPSHOT_LABEL] ?? ""}`));
      // Without its name it is one that is being made, or whose name another image took over.
      return image === undefined ? [] : [fromLabels(image, Id, Labels)];
    })
    .sort((one, other) => other.takenAt.localeCompare(one.takenAt));
}

/**
 * The snapshot of a project that an id, the beginning of one, or `newest` means.
 *
 * @throws Error when none or more than one is meant, with what there is and the command that makes one
 */
export async function findSnapshot(docker: Docker, project: string, wanted: string): Promise<Snapshot> {
  const all = await listSnapshots(docker, project);
  const meant = wanted === "newest" ? all.slice(0, 1) : all.filter(({ id }) => wanted !== "" && id.startsWith(wanted));
  const [found] = meant;
  if (found !== undefined && meant.length === 1) return found;
  const remedy =
    all.length === 0
      ? "Make one with: npx rehearse snapshot create --from production"
      : "List them with: npx rehearse snapshot list";
  const rule = wanted === "newest" ? "at least one snapshot" : `exactly one snapshot whose id begins with "${wanted}"`;
  const there = meant.length > 1 ? meant : all;
  const ids = there.length === 0 ? "none" : there.map(({ id }) => id).join(", ");
  throw new Error(`the engine must hold ${rule} of project ${project}; found ${ids}. ${remedy}`);
}

function fromLabels(image: string, imageId: string, labels: Readonly<Record<string, string>>): Snapshot {
  const text = (name: string) => labels[`${SNAPSHOT_LABEL}.${name}`] ?? "";
  const json = <T>(name: string, absent: T): T => (text(name) === "" ? absent : (JSON.parse(text(name)) as T));
  return {
    id: labels[SNAPSHOT_LABEL] ?? "",
    image,
    imageId,
    project: text("project"),
    source: text("source"),
    takenAt: text("taken-at"),
    serverVersion: text("server-version"),
    extensions: json<string[]>("extensions", []),
    rows: json<Record<string, number>>("rows", {}),
    bytes: Number(text("bytes")),
    masking: text("masking"),
    maskingKey: text("masking-key"),
    migrations: json<string[]>("migrations", []),
    statements: Number(text("statements")),
  };
}
