import Docker from "dockerode";
import { ensureTinyImage } from "../support/tiny-image.ts";
import { type CliProject, createCliProject } from "./framework-cli.ts";

export const docker = new Docker();

const HEADER = `
  import * as docker from "@pulumi/docker";
  import * as pulumi from "@pulumi/pulumi";
  const base64 = (text) => Buffer.from(text).toString("base64");
`;

/** A project on the docker stand-in alone. `deploy` runs a program to its end and returns what `pulumi up` printed. */
export interface DockerProject extends CliProject {
  deploy(program: string): Promise<string>;
  /** The changes of each kind that `pulumi up` of the program would make, by resource name; kinds as Pulumi names them. */
  plan(program: string): Promise<Record<string, string>>;
  /** Ends the test of this project: destroys what is left, and forgets it. */
  end(): Promise<void>;
}

/** Makes a project whose programs have `docker`, `pulumi` and `base64` at hand. */
export async function dockerProject(): Promise<DockerProject> {
  await ensureTinyImage();
  const project = await createCliProject([{ name: "docker", version: "5.2.0" }]);
  return {
    ...project,
    program: (text) => project.program(HEADER + text),
    async deploy(program) {
      await project.program(HEADER + program);
      return project.succeed("up", "--yes", "--skip-preview");
    },
    async plan(program) {
      await project.program(HEADER + program);
      const { steps } = JSON.parse(await project.succeed("preview", "--json")) as {
        steps: { op: string; urn: string }[];
      };
      const named = steps.map(({ op, urn }) => [urn.split("::").at(-1) ?? "", op] as const);
      return Object.fromEntries(named.filter(([, op]) => op !== "same"));
    },
    async end() {
      await project.succeed("destroy", "--yes", "--skip-preview");
      await project.remove();
    },
  };
}

/** Refreshes the state and says how many resources had changed; throws when the refresh itself fails. */
export async function driftOf(project: CliProject): Promise<Record<string, string>> {
  const { code, output } = await project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
  if (code !== 0 && !output.includes("no changes were expected")) throw new Error(output);
  const lines = [...output.matchAll(/^ [~-]+ +docker:index:(\w+) (\S+) (updated|deleted)/gm)];
  return Object.fromEntries(lines.map(([, , name = "", what = ""]) => [name, what]));
}

/** Whether the engine has the thing that `inspect` asks for. */
export async function exists(inspect: () => Promise<unknown>): Promise<boolean> {
  try {
    await inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}
