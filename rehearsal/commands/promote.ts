import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseDocument } from "yaml";

export const promoteHelp = `Takes the release that one stack runs into the settings of another.

Usage: rehearse promote [--from STACK] [--to STACK]

  --from STACK   the stack that rehearsed the release (default: sandbox)
  --to STACK     the stack whose file Pulumi.STACK.yaml is written (default: production)

Writes the images of the release by name and digest to rehearsal:images.release. Nothing is deployed: review the change,
commit it, and run pulumi up --stack STACK.`;

/** The images that a release is made of, as a stack's output `releaseReferences` names them. */
type References = Readonly<Record<string, string>>;

const IMAGES = ["application", "static", "gateway", "postgres"];

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
    if (!existsSync(file)) throw new Error(`${file} must exist; found none here. Run it beside Pulumi.yaml.`);
    const before = readFileSync(file, "utf8");
    const after = withRelease(before, references);
    if (after === before) {
      console.log(`${file} names this release already.`);
      return 0;
    }
    // Written beside and renamed: whatever is killed, the file is the old or the new one.
    writeFileSync(`${file}.new`, after);
    renameSync(`${file}.new`, file);
    console.log(`${file} now names the release of ${options.from}:`);
    for (const image of IMAGES) console.log(`  ${image.padEnd(12)} ${references[image] ?? ""}`);
    console.log(`Review and commit it, then: pulumi up --stack ${options.to}`);
    return 0;
  } catch (error) {
    console.error(`rehearse promote: ${message(error)}`);
    return 1;
  }
}

/** A stack's file with the release's images in place of what stood there; comments and all else stay. */
export function withRelease(content: string, references: References): string {
  const document = parseDocument(content);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`the file must be YAML: ${error.message}`);
  const release = document.createNode(Object.fromEntries(IMAGES.map((image) => [image, references[image]])));
  document.setIn(["config", "rehearsal:images", "release"], release);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function releaseOf(stack: string): References {
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
  const missing = IMAGES.filter((image) => typeof references[image] !== "string");
  if (missing.length > 0)
    throw new Error(`stack ${stack} must name every image of its release; it lacks ${missing.join(", ")}.`);
  return references;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
