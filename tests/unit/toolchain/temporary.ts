import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { type Context, makeContext } from "../../../toolchain/context.mjs";

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "toolchain-"));
  onTestFinished(() => {
    fs.rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Writes an executable shell script. */
export function script(file: string, text: string): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

/** A context on an empty checkout whose PATH holds only what the test puts into `bin`. */
export function emptyContext(
  env: Record<string, string> = {},
  changes: Partial<Context> = {},
): Context & { tools: string } {
  const root = temporaryDirectory();
  const tools = path.join(root, "tools");
  fs.mkdirSync(tools);
  return { ...makeContext({ root, env: { PATH: tools, HOME: path.join(root, "home"), ...env } }), ...changes, tools };
}

/** What a step says while it works; kept. */
export function recorder(): { said: string[]; say: (text: string) => void } {
  const said: string[] = [];
  return {
    said,
    say: (text) => {
      said.push(text);
    },
  };
}
