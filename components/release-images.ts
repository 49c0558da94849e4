import { existsSync } from "node:fs";
import path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { contentTag, folderHash } from "../engine/build-context.ts";
import { extraCertificates } from "../engine/host-certificates.ts";
import { requireImage } from "../engine/images.ts";

/** The images of a release by name and digest: `name:tag@sha256:…`. */
export interface ReleaseReferences {
  readonly application: string;
  readonly static: string;
  readonly gateway: string;
  readonly postgres: string;
}

/** Arguments of a release's images. */
export interface ReleaseImagesArgs {
  /** Short name of the project; names the images. */
  readonly projectName: string;
  /** Folder of the Django project. */
  readonly source: string;
  readonly settingsModule: string;
  /** The project's variables in clear: its settings may need them to load while static files are collected. */
  readonly environment: Readonly<Record<string, string>>;
  readonly baseImage: string;
  /** Registry, with an optional path, to push to and pull from; `none` for images of the engine alone. */
  readonly registry: string;
  /** `build`, or the images of a release that was built before. */
  readonly release: "build" | ReleaseReferences;
  readonly engine: Dockerode;
}

type ImageName = keyof ReleaseReferences;
type ReleaseTags = Readonly<Record<ImageName | "project", string>>;

const IMAGES = "images";

/**
 * The images of a release, named by the content that they are built from: built here, or those of a release that was
 * built and rehearsed before, taken by name and digest and refused where they are not there.
 */
export class ReleaseImages extends pulumi.ComponentResource {
  /** Hash of the release: another one for other sources. */
  public readonly release: string;
  /** Name of the application image on the engine, known before it is built: previews read migrations from it. */
  public readonly applicationName: string;
  /** What services run. */
  public readonly images: Readonly<Record<ImageName, pulumi.Output<string>>>;
  /** What another environment takes the release by. */
  public readonly references: pulumi.Output<ReleaseReferences>;

  public constructor(name: string, args: ReleaseImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:ReleaseImages", name, {}, opts);
    if (args.release === "build") {
      // Once: all files of the project are read for them.
      const tags = releaseTags(args);
      const built = this.#build(name, args, tags);
      this.release = tags.application;
      this.applicationName = builtName(args, "application", tags);
      this.images = built.images;
      this.references = built.references;
    } else {
      const application = applicationImage(args);
      this.release = application.release;
      this.applicationName = application.image;
      this.images = this.#take(name, args, args.release);
      this.references = pulumi.output(args.release);
    }
    this.registerOutputs();
  }

  #build(name: string, args: ReleaseImagesArgs, tags: ReleaseTags) {
    const image = (
      kind: ImageName | "project",
      build: { context: string; dockerfile: string; args?: Record<string, pulumi.Input<string>> },
    ) =>
      new docker.Image(
        `${name}-${kind}`,
        {
          imageName: builtName(args, kind, tags),
          build: { platform: "linux/amd64", ...build },
          buildOnPreview: true,
          skipPush: args.registry === "none",
        },
        { parent: this },
      );
    const certificates = { EXTRA_CA_CERTIFICATES: extraCertificates() };
    const base = { BASE_IMAGE: args.baseImage, ...certificates };
    const own = path.join(args.source, "Dockerfile");
    const project = image("project", {
      context: args.source,
      dockerfile: existsSync(own) ? own : `${IMAGES}/django/Dockerfile`,
      args: base,
    });
    const application = image("application", {
      context: `${IMAGES}/runtime`,
      dockerfile: `${IMAGES}/runtime/Dockerfile`,
      args: {
        ...base,
        PROJECT_IMAGE: project.imageName,
        SETTINGS_MODULE: args.settingsModule,
        COLLECT_ENVIRONMENT: JSON.stringify(args.environment),
      },
    });
    const gateway = image("gateway", {
      context: `${IMAGES}/nginx`,
      dockerfile: `${IMAGES}/nginx/Dockerfile`,
      args: base,
    });
    const files = image("static", {
      context: `${IMAGES}/static`,
      dockerfile: `${IMAGES}/static/Dockerfile`,
      args: { APPLICATION_IMAGE: application.imageName, NGINX_IMAGE: gateway.imageName },
    });
    const postgres = image("postgres", {
      context: `${IMAGES}/postgres`,
      dockerfile: `${IMAGES}/postgres/Dockerfile`,
      args: base,
    });
    const all = { application, static: files, gateway, postgres };
    const reference = (built: docker.Image) => pulumi.interpolate`${built.imageName}@${digestOf(built)}`;
    return {
      // With a registry the nodes pull by digest; without one only the name is known to the engine.
      images: mapImages((kind) => (args.registry === "none" ? all[kind].imageName : reference(all[kind]))),
      references: pulumi.output(mapImages((kind) => reference(all[kind]))),
    };
  }

  #take(name: string, args: ReleaseImagesArgs, release: ReleaseReferences): Record<ImageName, pulumi.Output<string>> {
    return mapImages((kind) => {
      const reference = release[kind];
      const local = args.registry === "none";
      const verify = new pulumi.ResourceHook(
        `${name}-${kind}-is-there`,
        async () => {
          if (local) await requireImage(args.engine, reference);
        },
        { onDryRun: true },
      );
      const taken = new docker.RemoteImage(
        `${name}-${kind}`,
        { name: local ? withoutDigest(reference) : reference, keepLocally: true },
        { parent: this, hooks: { beforeCreate: [verify], beforeUpdate: [verify] } },
      );
      return taken.name;
    });
  }
}

/** Name of a release's application image on the engine, and the release's hash: known before anything is built. */
export function applicationImage(args: Omit<ReleaseImagesArgs, "engine">): {
  readonly image: string;
  readonly release: string;
} {
  if (args.release !== "build") {
    return { image: withoutDigest(args.release.application), release: tagOf(args.release.application) };
  }
  const tags = releaseTags(args);
  return { image: builtName(args, "application", tags), release: tags.application };
}

/** Tags of the images that a release is made of, each a hash of what the image is built from. */
export function releaseTags(
  args: Pick<ReleaseImagesArgs, "source" | "settingsModule" | "environment" | "baseImage">,
): ReleaseTags {
  const gateway = contentTag(args.baseImage, folderHash(`${IMAGES}/nginx`));
  const postgres = contentTag(args.baseImage, folderHash(`${IMAGES}/postgres`));
  const project = contentTag(args.baseImage, folderHash(args.source), folderHash(`${IMAGES}/django`));
  const application = contentTag(
    project,
    gateway,
    args.settingsModule,
    JSON.stringify(args.environment),
    folderHash(`${IMAGES}/runtime`),
    folderHash(`${IMAGES}/static`),
  );
  return { project, application, static: application, gateway, postgres };
}

function builtName(
  { registry, projectName }: Pick<ReleaseImagesArgs, "registry" | "projectName">,
  kind: keyof ReleaseTags,
  tags: ReleaseTags,
): string {
  return `${registry === "none" ? "" : `${registry}/`}${projectName}/${kind}:${tags[kind]}`;
}

/** The digest of a pushed image; of one that stays on the engine its id. */
function digestOf(image: docker.Image): pulumi.Output<string> {
  return image.repoDigest.apply((digest) => digest.slice(digest.indexOf("sha256:")));
}

function mapImages<T>(value: (kind: ImageName) => T): Record<ImageName, T> {
  return {
    application: value("application"),
    static: value("static"),
    gateway: value("gateway"),
    postgres: value("postgres"),
  };
}

function withoutDigest(reference: string): string {
  return reference.slice(0, reference.indexOf("@"));
}

function tagOf(reference: string): string {
  const name = withoutDigest(reference);
  return name.slice(name.lastIndexOf(":") + 1);
}
