import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseDocument } from "yaml";

/** The images that a release is made of, as a stack's output `releaseReferences` names them. */
export type References = Readonly<Record<string, string>>;

export const RELEASE_IMAGES = ["application", "static", "gateway", "postgres"] as const;

/** A stack's file with the release's images in place of what stood there; comments and all else stay. */
export function withRelease(content: string, references: References): string {
  const release = Object.fromEntries(RELEASE_IMAGES.map((image) => [image, references[image]]));
  return withSetting(content, "images", "release", release);
}

/** A stack's file with one setting in place of what stood there; comments and all else stay. */
export function withSetting(content: string, section: string, key: string, value: unknown): string {
  const document = parseDocument(content);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`the file must be YAML: ${error.message}`);
  document.setIn(["config", `rehearsal:${section}`, key], document.createNode(value));
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/**
 * Changes the file of a stack.
 *
 * @returns whether it is another one than before
 * @throws Error where there is none
 */
export function changeStackFile(stack: string, change: (content: string) => string): boolean {
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(file)) throw new Error(`${file} must exist; found none here. Run it beside Pulumi.yaml.`);
  const before = readFileSync(file, "utf8");
  const after = change(before);
  if (after === before) return false;
  // Written beside and renamed: whatever is killed, the file is the old or the new one.
  writeFileSync(`${file}.new`, after);
  renameSync(`${file}.new`, file);
  return true;
}
