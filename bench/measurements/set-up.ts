import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { paths } from "../../toolchain/paths.mjs";
import { run, seconds } from "../commands.ts";
import type { Measurement } from "../measurement.ts";
import { below } from "../statistics.ts";
import type { Workshop } from "../workshop.ts";

/** The set-up where nothing is missing and, where asked for, where everything is. */
export const setUp: Measurement = {
  name: "set-up",
  summary: "the set-up with everything present; with --set-up also from nothing",
  run: async function* (workshop) {
    const { root } = paths();
    workshop.say("set-up with everything present");
    const again: number[] = [];
    for (let number = 1; number <= workshop.options.runs; number++) again.push(await runSetUp(workshop, root));
    yield { what: "set-up, everything present", unit: "s", ours: again, target: below(2, "s", again) };
    if (!workshop.options.setUp) return;
    workshop.say("set-up from nothing; takes several minutes");
    yield { what: "set-up of an empty checkout, engine running", unit: "s", ours: [await fromNothing(workshop, root)] };
  },
};

async function fromNothing(workshop: Workshop, root: string): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-set-up-"));
  try {
    const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { folder: root });
    for (const file of listed.split("\0").filter((name) => name !== "")) {
      cpSync(path.join(root, file), path.join(folder, file), { recursive: true });
    }
    return await runSetUp(workshop, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runSetUp({ signal }: Workshop, folder: string): Promise<number> {
  return await seconds(async () => {
    await run("node", ["toolchain/set-up.mjs"], { folder, environment: withoutToolChain(), signal });
  });
}

/** The environment of a shell that has not sourced `toolchain/activate`. */
function withoutToolChain(): NodeJS.ProcessEnv {
  const { bin, root } = paths();
  const own = [bin, path.join(root, "node_modules", ".bin")];
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("PULUMI_") && name !== "NODE_COMPILE_CACHE",
  );
  const searchPath = (process.env["PATH"] ?? "").split(path.delimiter).filter((entry) => !own.includes(entry));
  return { ...Object.fromEntries(kept), PATH: searchPath.join(path.delimiter) };
}
