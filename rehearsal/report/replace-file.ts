import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * Writes a file beside its place and renames it, making its folder where there is none: whatever is killed, the file is the
 * old or the new one.
 *
 * @throws Error of the file system where the folder cannot be written
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}.new`;
  await writeFile(beside, text);
  await rename(beside, file);
}
