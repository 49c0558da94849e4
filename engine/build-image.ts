import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import tarFs from "tar-fs";
import { contextFiles } from "./build-context.ts";

/** An image to build outside of a deployment. */
export interface ImageBuild {
  /** Name and tag. */
  readonly name: string;
  /** Folder that the build sees. */
  readonly context: string;
  /** The Dockerfile's path in the context. */
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface BuildEvent {
  readonly stream?: string;
  readonly error?: string;
}

const QUOTED_LINES = 20;

/**
 * Builds an image on the engine and gives it its name.
 *
 * @param onLine called for each line that the build prints
 * @throws Error with the build's last lines where it fails; the signal's reason where that was aborted
 */
export async function buildImage(
  docker: Docker,
  build: ImageBuild,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const archive = tarFs.pack(build.context, {
    entries: contextFiles(build.context),
    // As Docker's own client sends them: who checked the sources out is not part of them.
    map: (header) => ({ ...header, uid: 0, gid: 0 }),
  });
  const lines: string[] = [];
  try {
    const stream = await docker.buildImage(archive.pipe(new PassThrough()), {
      t: build.name,
      dockerfile: build.dockerfile,
      buildargs: { ...build.args },
      labels: { ...build.labels },
      forcerm: true,
      abortSignal: signal,
    });
    await new Promise<void>((resolve, reject) => {
      const told = ({ stream: text = "" }: BuildEvent) => {
        for (const line of text.split("\n").filter((part) => part.trim() !== "")) {
          lines.push(line);
          onLine(line);
        }
      };
      docker.modem.followProgress(
        stream,
        (error: Error | null) => {
          if (error === null) resolve();
          else reject(error);
        },
        told,
      );
    });
  } catch (error) {
    signal.throwIfAborted();
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(
      [
        `image ${build.name} must build from ${build.context}; the build failed: ${words}`,
        ...lines.slice(-QUOTED_LINES),
      ].join("\n  "),
    );
  }
}
