import type Docker from "dockerode";
import { imageInRegistry, requireImage } from "../../../engine/images.ts";
import type { Finding } from "../../finding.ts";
import { bytes } from "../../report/format.ts";
import type { ProductionDemands } from "./production.ts";

/** What one image of the release is, where it was rehearsed. */
export interface RehearsedImage {
  readonly architecture: string;
  readonly bytes: number;
}

/** A disk on which an engine keeps its images. */
export interface EngineDisk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What the engine needs for logs, layers and what else it writes. */
const SPARE_BYTES = 1_000_000_000;

/** The images of the release that production's engine has not, and cannot get; with those that it has yet to pull. */
export async function missingImages(
  stack: string,
  { engine, images, registry }: Pick<ProductionDemands, "engine" | "images" | "registry">,
): Promise<{ readonly findings: Finding[]; readonly toPull: string[] }> {
  const findings: Finding[] = [];
  const toPull: string[] = [];
  for (const [kind, reference] of Object.entries(images)) {
    try {
      if (registry === "none") await requireImage(engine, reference);
      else if (!(await imageInRegistry(engine, reference))) toPull.push(kind);
    } catch (error) {
      findings.push({
        id: "preflight.image",
        severity: "blocking",
        subject: `${stack}, the ${kind} image`,
        cause: `the engine of ${stack} cannot take ${reference}: ${error instanceof Error ? error.message : String(error)}`,
        consequence: "The release that was rehearsed cannot be deployed there.",
        remedy:
          registry === "none"
            ? "Rehearse on production's engine, or set images.registry in both stacks."
            : `Log in to the registry where pulumi runs (docker login), and let the engine reach ${registry}.`,
      });
    }
  }
  return { findings, toPull };
}

/** What the release's images are on the engine where they were rehearsed; those that it has not are left out. */
export async function rehearsedImages(
  engine: Docker,
  images: Readonly<Record<string, string>>,
): Promise<Map<string, RehearsedImage>> {
  const found = new Map<string, RehearsedImage>();
  for (const [kind, reference] of Object.entries(images)) {
    const name = reference.slice(0, reference.indexOf("@"));
    const image = await engine
      .getImage(name)
      .inspect()
      .catch(() => undefined);
    if (image !== undefined) found.set(kind, { architecture: image.Architecture, bytes: image.Size });
  }
  return found;
}

/** Images that no node can run. */
export function architectureFindings(
  images: ReadonlyMap<string, RehearsedImage>,
  nodes: readonly { readonly name: string; readonly architecture: string; readonly takesTasks: boolean }[],
): Finding[] {
  const built = new Set([...images.values()].map(({ architecture }) => architecture));
  const able = nodes.filter(({ takesTasks }) => takesTasks);
  return able
    .filter(({ architecture }) => built.size > 0 && !built.has(architecture))
    .map(({ name, architecture }) => ({
      id: "preflight.architecture",
      // With others that can, swarm places tasks there.
      severity: able.some((node) => built.has(node.architecture)) ? "warning" : "blocking",
      subject: `node ${name}`,
      cause: `it runs ${architecture}, and the release's images are for ${[...built].join(", ")}`,
      consequence: "Their programs do not start there (exec format error).",
      remedy: "Build and rehearse the release for that architecture.",
    }));
}

/** A disk that the release's images, and what the engine writes besides, do not fit. */
export function diskFindings(
  disk: EngineDisk,
  images: ReadonlyMap<string, RehearsedImage>,
  toPull: readonly string[],
): Finding[] {
  const pulled = toPull.reduce((sum, kind) => sum + (images.get(kind)?.bytes ?? 0), 0);
  const { freeBytes, totalBytes } = disk;
  const room = `${bytes(freeBytes)} of ${bytes(totalBytes)} are free where the engine keeps images, logs and volumes`;
  const finding = (severity: Finding["severity"], cause: string): Finding[] => [
    {
      id: "preflight.engine-disk",
      severity,
      subject: "the disk of production's engine",
      cause,
      consequence: "Pulling stops half-way, containers do not start, and what runs cannot write any more.",
      remedy: "Make room: docker image prune removes images without a name; keep those of the release before.",
    },
  ];
  if (freeBytes < pulled + SPARE_BYTES / 4) {
    return finding("blocking", `${room}; the release's images take ${bytes(pulled)}`);
  }
  if (freeBytes < pulled + SPARE_BYTES)
    return finding("warning", `${room}; the release's images take ${bytes(pulled)}`);
  return [];
}
