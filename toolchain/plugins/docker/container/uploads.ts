import { readFileSync } from "node:fs";
import path from "node:path";
import tarFs from "tar-fs";
import type { ContainerInputs } from "./properties.ts";

type Upload = NonNullable<ContainerInputs["uploads"]>[number];

/** Files to be put into a container before it starts, as an archive to be unpacked at its root. */
export function uploadArchive(uploads: readonly Upload[]): NodeJS.ReadableStream {
  const files = uploads.map((upload) => ({
    header: {
      name: path.posix.relative("/", upload.file),
      mode: modeOf(upload),
      mtime: new Date(),
      uid: idOf(upload, "owner", "/etc/passwd"),
      gid: idOf(upload, "group", "/etc/group"),
    },
    content: contentOf(upload),
  }));
  const archive = tarFs.pack("/", {
    entries: [],
    finalize: false,
    finish: (pack) => {
      for (const { header, content } of files) pack.entry(header, content);
      pack.finalize();
    },
  });
  return archive as unknown as NodeJS.ReadableStream;
}

/** The one of content, contentBase64 and source that is set. */
export function contentOf(upload: Upload): Buffer {
  const given = (["content", "contentBase64", "source"] as const).filter((key) => (upload[key] ?? "") !== "");
  const [key] = given;
  if (key === undefined || given.length > 1) {
    const found = given.length === 0 ? "none" : given.join(" and ");
    throw new Error(
      `The upload of ${upload.file} needs exactly one of content, contentBase64 and source; found ${found}`,
    );
  }
  const value = upload[key] ?? "";
  if (key === "content") return Buffer.from(value);
  return key === "contentBase64" ? Buffer.from(value, "base64") : readFileSync(value);
}

function modeOf(upload: Upload): number {
  const { permissions } = upload;
  if (permissions === undefined || permissions === "") return upload.executable === true ? 0o744 : 0o644;
  if (/^(?:0o?)?[0-7]{3,4}$/.test(permissions)) return Number.parseInt(permissions.replace(/^0o/, ""), 8);
  throw new Error(
    `The permissions of the upload of ${upload.file} must be octal digits such as "0640"; found "${permissions}"`,
  );
}

// As the official plugin says, names are those of this machine, not of the container.
function idOf(upload: Upload, kind: "owner" | "group", database: string): number {
  const given = upload[kind];
  if (given === undefined || given === "") return 0;
  if (/^\d+$/.test(given)) return Number(given);
  const entry = readFileSync(database, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === given);
  if (entry?.[2] !== undefined) return Number(entry[2]);
  throw new Error(
    `The ${kind} "${given}" of the upload of ${upload.file} is not in this machine's ${database}. Give its number`,
  );
}
