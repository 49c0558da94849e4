import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";

const ROOT = path.resolve(import.meta.dirname, "../../..");
/** Parts of the program that tests do not change. */
const LINKED = ["node_modules", "components", "config", "engine", "rehearsal"];
const COPIED = [
  "Pulumi.yaml",
  "Pulumi.sandbox.yaml",
  "Pulumi.production.yaml",
  "package.json",
  "index.ts",
  "preload.ts",
  "images",
  "reference",
];

/** How a `pulumi` command ended. */
export interface Ended {
  readonly exitCode: number;
  /** Both streams, as a person sees them. */
  readonly output: string;
}

/** A command that runs. */
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly output: () => string;
}

type Sections = Record<string, Record<string, unknown>>;

/** The checkout of a team of its own: program, project and state, so that a test can change them. */
export class Checkout {
  public readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** @param folder of a checkout that another process has made; a new one without it */
  public constructor(folder = newFolder()) {
    this.folder = folder;
    const state = path.join(this.folder, ".state");
    this.#environment = {
      ...process.env,
      PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
      PULUMI_BACKEND_URL: `file://${state}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: "only for tests",
    };
    if (!existsSync(state)) this.#fill(state);
  }

  #fill(state: string): void {
    for (const name of LINKED) symlinkSync(path.join(ROOT, name), path.join(this.folder, name));
    for (const name of COPIED) {
      cpSync(path.join(ROOT, name), path.join(this.folder, name), {
        recursive: true,
        filter: (file) => !/__pycache__|\.pyc$/.test(file),
      });
    }
    // The salt belongs to the passphrase of whoever keeps the file.
    for (const name of COPIED.filter((file) => /^Pulumi\..+\.yaml$/.test(file))) {
      this.edit(name, (text) => text.replace(/^encryptionsalt:.*\n?/m, ""));
    }
    // A snapshot on the engine is somebody else's: a test that is about one says so.
    this.edit("Pulumi.sandbox.yaml", (text) => text.replace("snapshot: newest", "snapshot: none"));
    // Nor does each rehearsal need the reference project's tests, with a browser: a test that is about them says so.
    for (const name of ["Pulumi.sandbox.yaml", "Pulumi.production.yaml"]) {
      this.edit(name, (text) => text.replace(/^ {2}rehearsal:tests:\n(?: {4}.*\n)*/m, ""));
    }
    mkdirSync(state);
  }

  /** Does what reads the folder and its state in this process, as a command that is started in the folder does. */
  public inside<T>(work: () => T): T {
    const [folder, before] = [process.cwd(), { ...process.env }];
    try {
      process.chdir(this.folder);
      setVariables(this.#environment);
      return work();
    } finally {
      process.chdir(folder);
      setVariables(before);
    }
  }

  /** Absolute path of a file of the checkout. */
  public path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  /** A file's text. */
  public read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  /** Changes a file's text. */
  public edit(file: string, change: (text: string) => string): void {
    writeFileSync(this.path(file), change(this.read(file)));
  }

  /** Sets settings in a stack's file, section by section. */
  public configure(stack: string, settings: Sections): void {
    const file = this.path(`Pulumi.${stack}.yaml`);
    const content = parse(this.read(`Pulumi.${stack}.yaml`)) as { config?: Sections };
    const config: Sections = content.config ?? {};
    for (const [section, values] of Object.entries(settings)) {
      const key = `rehearsal:${section}`;
      config[key] = { ...config[key], ...values };
    }
    writeFileSync(file, stringify({ ...content, config }));
  }

  /** Runs `pulumi` to its end. */
  public async pulumi(...words: string[]): Promise<Ended> {
    return await this.start(...words).ended;
  }

  /** Runs `pulumi` and fails the test, showing the output, where it fails. */
  public async succeed(...words: string[]): Promise<string> {
    const { exitCode, output } = await this.pulumi(...words);
    if (exitCode !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${exitCode}:\n${output}`);
    return output;
  }

  /** Runs the `rehearse` command to its end. */
  public async rehearse(...words: string[]): Promise<Ended> {
    return await this.startRehearse(...words).ended;
  }

  /** Starts the `rehearse` command in a process group of its own. */
  public startRehearse(...words: string[]): Started {
    return this.#start(process.execPath, [this.path("rehearsal/commands/main.ts"), ...words]);
  }

  /** Stores a value encrypted in a stack's file, as `pulumi config set --path --secret` takes it from a file. */
  public async setSecret(stack: string, key: string, value: string): Promise<void> {
    const words = ["config", "set", "--path", "--secret", key, "--stack", stack, "--non-interactive"];
    const { exitCode, output } = await this.#start("pulumi", words, value).ended;
    if (exitCode !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${exitCode}:\n${output}`);
  }

  /** Starts `pulumi` in a process group of its own. */
  public start(...words: string[]): Started {
    return this.#start("pulumi", [...words, "--non-interactive"]);
  }

  #start(program: string, words: readonly string[], input = ""): Started {
    const child = spawn(program, words, {
      cwd: this.folder,
      env: this.#environment,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.end(input);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        resolve({ exitCode: code ?? -1, output });
      });
    });
    return { child, ended, output: () => output };
  }

  public async up(stack: string): Promise<Ended> {
    return await this.pulumi("up", "--yes", "--skip-preview", "--stack", stack);
  }

  public async output<T>(stack: string, name: string): Promise<T> {
    const text = await this.succeed("stack", "output", name, "--json", "--show-secrets", "--stack", stack);
    return JSON.parse(text) as T;
  }

  /** Destroys the stacks and deletes the folder; what a failed test left is destroyed as well. */
  public async remove(...stacks: string[]): Promise<void> {
    const initialised = stacks.filter((stack) =>
      existsSync(this.path(".state/.pulumi/stacks/rehearsal", `${stack}.json`)),
    );
    for (const stack of initialised) {
      await this.pulumi("cancel", "--yes", "--stack", stack);
      await this.succeed("destroy", "--yes", "--skip-preview", "--stack", stack);
    }
    this.removeFolder();
  }

  /** Deletes the folder alone, with the state: what it deployed stays. */
  public removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function newFolder(): string {
  return mkdtempSync(path.join(tmpdir(), "rehearsal-checkout-"));
}

function setVariables(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env))
    if (variables[name] === undefined) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)));
}
