import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { changeStackFile, RELEASE_IMAGES, type References, withRelease } from "./stack-file.ts";

export const promoteHelp = `Takes the release that one stack runs into the settings of another.

Usage: rehearse promote [--from STACK] [--to STACK]

  --from STACK   the stack that rehearsed the release (default: sandbox)
  --to STACK     the stack whose file Pulumi.STACK.yaml is written (default: production)

Writes the images of the release by name and digest to rehearsal:images.release. Nothing is deployed: review the change,
commit it, and run pulumi up --stack STACK.`;

/** `rehearse promote`: exit code 0 when the file names the release, 1 when it cannot, 2 for wrong options. */
export function promote(words: readonly string[]): number {
  let options: { from: string; to: string };
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { from: { type: "string", default: "sandbox" }, to: { type: "string", default: "production" } },
    });
    options = values;
  } catch (error) {
    console.error(`rehearse promote: ${message(error)}\n\n${promoteHelp}`);
    return 2;
  }
  try {
    const references = releaseOf(options.from);
    const file = `Pulumi.${options.to}.yaml`;
    if (!changeStackFile(options.to, (content) => withRelease(content, references))) {
      console.log(`${file} names this release already.`);
      return 0;
    }
    console.log(`${file} now names the release of ${options.from}:`);
    for (const image of RELEASE_IMAGES) console.log(`  ${image.padEnd(12)} ${references[image] ?? ""}`);
    console.log(`Review and commit it, then: pulumi up --stack ${options.to}`);
    return 0;
  } catch (error) {
    console.error(`rehearse promote: ${message(error)}`);
    return 1;
  }
}

/**
 * The images that a stack runs, by name and digest.
 *
 * @throws Error where it has deployed no release
 */
export function releaseOf(stack: string): References {
  let output: string;
  try {
    output = execFileSync("pulumi", ["stack", "output", "releaseReferences", "--json", "--stack", stack], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const said =
      typeof error === "object" && error !== null && "stderr" in error ? String(error.stderr).trim() : message(error);
    throw new Error(`stack ${stack} must have deployed a release; pulumi says: ${said}`);
  }
  const references = JSON.parse(output) as References;
  const missing = RELEASE_IMAGES.filter((image) => typeof references[image] !== "string");
  if (missing.length > 0)
    throw new Error(`stack ${stack} must name every image of its release; it lacks ${missing.join(", ")}.`);
  return references;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
