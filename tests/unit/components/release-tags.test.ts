import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { releaseTags } from "../../../components/release-images.ts";

const ARGS = {
  source: "project",
  settingsModule: "config.settings",
  environment: { LEVEL: "INFO" },
  baseImage: "debian:trixie-slim",
};
const before = process.cwd();

beforeEach(() => {
  process.chdir(mkdtempSync(path.join(tmpdir(), "release-")));
  for (const image of ["django", "nginx", "postgres", "runtime", "static"]) write(`images/${image}/Dockerfile`, image);
  write("project/manage.py", "manage");
});

afterEach(() => {
  const folder = process.cwd();
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Names of the images whose tags a change changes. */
function changedBy(change: () => void, args = ARGS): string[] {
  const old = releaseTags(ARGS);
  change();
  return Object.entries(releaseTags(args)).flatMap(([image, tag]) =>
    old[image as keyof typeof old] === tag ? [] : image,
  );
}

describe("the tags of a release's images", () => {
  it.each<[what: string, file: string, images: string[]]>([
    ["the project's source", "project/app/models.py", ["project", "application", "static"]],
    ["how a project is built", "images/django/Dockerfile", ["project", "application", "static"]],
    ["the runtime layer", "images/runtime/run.py", ["application", "static"]],
    ["how static files are collected", "images/static/Dockerfile", ["application", "static"]],
    ["nginx", "images/nginx/nginx.conf", ["application", "static", "gateway"]],
    ["PostgreSQL", "images/postgres/Dockerfile", ["postgres"]],
  ])("change with %s, and only where it is in the image", (_, file, images) => {
    expect(
      changedBy(() => {
        write(file, "changed");
      }),
    ).toEqual(images);
  });

  it.each<[what: string, args: Partial<typeof ARGS>, images: string[]]>([
    ["the settings module", { settingsModule: "config.other" }, ["application", "static"]],
    ["the project's variables", { environment: { LEVEL: "DEBUG" } }, ["application", "static"]],
    ["the base image", { baseImage: "debian:13" }, ["project", "application", "static", "gateway", "postgres"]],
  ])("change with %s, and only where it is in the image", (_, args, images) => {
    expect(changedBy(() => undefined, { ...ARGS, ...args })).toEqual(images);
  });

  it("stay with what is not part of a build", () => {
    write("project/.dockerignore", "**/__pycache__\n.git\n");
    expect(
      changedBy(() => {
        write("project/app/__pycache__/models.pyc", "x");
        write("project/.git/HEAD", "x");
        write("README.md", "x");
        write("images/README.md", "x");
      }),
    ).toEqual([]);
  });

  it("are the same on every machine: where the checkout lies does not matter", () => {
    const here = releaseTags(ARGS);
    cpSync(".", "elsewhere/checkout", { recursive: true, filter: (file) => !file.startsWith("elsewhere") });
    process.chdir("elsewhere/checkout");
    expect(releaseTags(ARGS)).toEqual(here);
    process.chdir("../..");
  });
});
