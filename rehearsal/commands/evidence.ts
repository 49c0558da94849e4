import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { environmentName } from "../../components/engine-objects.ts";
import { applicationImage } from "../../components/release-images.ts";
import { settingsHashes } from "../../config/settings-hash.ts";
import { SIGNED_EVIDENCE, type SignedEvidence } from "../evidence/record.ts";
import { newestEvidence, readEvidence } from "../evidence/store.ts";
import { type Standing, voidReasons } from "../evidence/validity.ts";
import { moment } from "../report/format.ts";
import { printable } from "../report/html.ts";
import { inClear } from "../run/declaration.ts";
import { evidenceHelp } from "./evidence-help.ts";
import { type LoadedStack, loadStack } from "./run-context.ts";
import { signingKey, stackImages, stackSnapshot } from "./run-subject.ts";

interface Options {
  readonly file: string | undefined;
  readonly stack: string | undefined;
  readonly key: string | undefined;
}

/** `rehearse evidence`: the exit codes are in its help. */
export function evidence(words: readonly string[]): number {
  let options: Options;
  try {
    options = parsed(words);
  } catch (error) {
    console.error(`rehearse evidence: ${message(error)}\n\n${evidenceHelp}`);
    return 2;
  }
  try {
    return verify(options);
  } catch (error) {
    console.error(`rehearse evidence: ${message(error)}`);
    return 1;
  }
}

function parsed(words: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { stack: { type: "string" }, key: { type: "string" } },
  });
  const [subcommand, file, ...more] = positionals;
  if (subcommand !== "verify") throw new Error(`the first word must be verify; found ${subcommand ?? "nothing"}`);
  if (more.length > 0) throw new Error(`one FILE must be given; found ${[file, ...more].join(" ")}`);
  if (file === undefined && values.stack === undefined) throw new Error("FILE or --stack must be given; found neither");
  if (values.key !== undefined && (file === undefined || values.stack !== undefined)) {
    throw new Error("--key must stand with FILE and without --stack");
  }
  return { file, stack: values.stack, key: values.key };
}

function verify({ file, stack, key }: Options): number {
  if (file !== undefined && key !== undefined) {
    const found = readEvidence(file);
    return tell(found, voidReasons(found, alone(found, readFileSync(key, "utf8"))), "Not compared with any stack.");
  }
  const given = file === undefined ? undefined : readEvidence(file);
  const loaded = loadStack(stack ?? given?.record.stack ?? "");
  const standing = standingOf(loaded);
  const found = given ?? newestOf(loaded, standing);
  return tell(found, voidReasons(found, standing), undefined);
}

function tell(found: SignedEvidence, reasons: readonly string[], remark: string | undefined): number {
  const { release, environment, finishedAt, by, steps, leftOut } = found.record;
  const verdict = reasons.length === 0 ? "VALID" : "VOID";
  console.log(
    printable(
      `${verdict}: evidence for release ${release}, rehearsed in ${environment} until ${moment(finishedAt)} by ${by.user} on ${by.host}`,
    ),
  );
  for (const reason of reasons) console.log(printable(`  ${reason}`));
  if (reasons.length > 0) {
    console.log("  Rehearse what there is now: npx rehearse run");
    return 1;
  }
  for (const { id, status } of steps) console.log(printable(`  ${status.padEnd(8)} ${id}`));
  for (const part of leftOut) console.log(printable(`  left out ${part}, as the calendar allows`));
  if (remark !== undefined) console.log(`  ${remark}`);
  return 0;
}

/** Where there is no stack to compare with: the record against itself, and the key. */
function alone({ record }: SignedEvidence, publicKey: string): Standing {
  const { release, images, settings } = record;
  return { publicKey, release, images, sharedSettings: settings.shared };
}

/** What the stack's files declare now, and what its last deployment has made. */
function standingOf(loaded: LoadedStack): Standing {
  const { stack, settings, fullName } = loaded;
  const key = signingKey(loaded);
  if (key === undefined) {
    throw new Error(
      `stack ${fullName} must be deployed and have a key for evidence; it has none. Run: pulumi up --stack ${fullName}`,
    );
  }
  const { app, images } = settings;
  const { release } = applicationImage({
    projectName: app.name,
    source: app.source,
    settingsModule: app.settingsModule,
    environment: app.environment,
    baseImage: images.base,
    registry: images.registry,
    release: images.release,
  });
  const hashes = settingsHashes(settings);
  return {
    publicKey: key.publicKey,
    release,
    images: images.release === "build" ? stackImages(loaded) : { ...images.release },
    sharedSettings: hashes.shared,
    environment: {
      name: environmentName(app.name, stack),
      settings: hashes.environment,
      snapshot: stackSnapshot(loaded),
    },
  };
}

/** The newest in the folder of reports, else what the stack's last deployment has kept. */
function newestOf({ fullName, resources }: LoadedStack, { environment, release }: Standing): SignedEvidence {
  const found = newestEvidence("reports", environment?.name ?? "", release);
  if (found !== undefined) return found;
  const stash = resources.find(({ urn }) => urn.endsWith("-evidence-record"));
  const kept = SIGNED_EVIDENCE.safeParse(inClear(stash?.inputs?.["input"]));
  if (kept.success) return kept.data;
  throw new Error(
    `stack ${fullName} must have evidence for release ${release}; there is none. Make it with: npx rehearse run --stack ${fullName}`,
  );
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
