import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  isAtLeast,
  minimumPulumi,
  parseVersion,
  runsTypeScript,
  wantedPlugins,
  wantedPulumi,
} from "../../../toolchain/versions.mjs";
import { temporaryDirectory } from "./temporary.ts";

test.each([
  ["v3.259.0", [3, 259, 0]],
  ["20.10.24+dfsg1", [20, 10, 24]],
  ["go version go1.26 linux/amd64", [1, 26, 0]],
  ["none", undefined],
])("reads the version in %j", (text, version) => {
  expect(parseVersion(text)).toEqual(version);
});

test.each([
  ["20.10.24+dfsg1", "20.10.0", true],
  ["19.03.15", "20.10.0", false],
  ["3.1000.0", "3.259.0", true],
  ["3.259.0", "3.259.0", true],
  ["3.258.9", "3.259.0", false],
  ["no version", "0.0.1", false],
])("tells whether %j is at least %j: %j", (found, minimum, expected) => {
  expect(isAtLeast(found, minimum)).toBe(expected);
});

test.each([
  ["22.17.1", false],
  ["22.18.0", true],
  // Type stripping came to the odd line later than to the even one.
  ["23.5.0", false],
  ["23.6.0", true],
  ["24.0.0", true],
])("knows whether Node %s runs TypeScript: %j", (version, expected) => {
  expect(runsTypeScript(version)).toBe(expected);
});

test("builds and downloads a CLI that it accepts itself", () => {
  expect(isAtLeast(wantedPulumi("toolchain"), minimumPulumi)).toBe(true);
});

test("takes the plugins' versions from the npm packages that are installed", () => {
  const root = temporaryDirectory();
  for (const [name, version] of [
    ["docker", "5.2.0"],
    ["postgresql", "3.18.1"],
    ["random", "4.21.2"],
  ] as const) {
    const directory = path.join(root, "node_modules", "@pulumi", name);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, "package.json"), JSON.stringify({ version }));
  }
  expect(wantedPlugins(root)).toEqual([
    { name: "docker", version: "5.2.0" },
    { name: "postgresql", version: "3.18.1" },
    { name: "random", version: "4.21.2" },
  ]);
});
