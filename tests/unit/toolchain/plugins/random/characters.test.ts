import { describe, expect, it } from "vitest";
import { type CharacterRules, faultOf, randomCharacters } from "../../../../../toolchain/plugins/random/characters.ts";
import { spellings } from "../../../../../toolchain/plugins/random/random-id.ts";

const rules: CharacterRules = {
  length: 200,
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
  overrideSpecial: undefined,
};

describe("random characters", () => {
  it.each([
    ["lower case alone", { upper: false, numeric: false, special: false }, /^[a-z]{200}$/],
    ["digits alone", { lower: false, upper: false, special: false }, /^[0-9]{200}$/],
    [
      "special characters of one's own",
      { lower: false, upper: false, numeric: false, overrideSpecial: "~" },
      /^~{200}$/,
    ],
    ["all classes", {}, /^[A-Za-z0-9!@#$%&*()\-_=+[\]{}<>:?]{200}$/],
  ])("can be %s", (_, changed, expected) => {
    expect(randomCharacters({ ...rules, ...changed })).toMatch(expected);
  });

  it("hold the least number of each class, not at the beginning alone", () => {
    const made = Array.from({ length: 50 }, () =>
      randomCharacters({ ...rules, length: 8, minLower: 2, minUpper: 2, minNumeric: 2, minSpecial: 2 }),
    );
    for (const text of made) {
      expect(text.replaceAll(/[^a-z]/g, "")).toHaveLength(2);
      expect(text.replaceAll(/[^A-Z]/g, "")).toHaveLength(2);
      expect(text.replaceAll(/[^0-9]/g, "")).toHaveLength(2);
    }
    expect(new Set(made.map((text) => text.search(/[0-9]/))).size).toBeGreaterThan(1);
  });

  it.each([
    ["a length below the sum of the least numbers", { length: 3, minLower: 4 }, "= 4; found 3"],
    ["a length of nothing", { length: 0 }, "at least 1; found 0"],
    ["no class at all", { lower: false, upper: false, numeric: false, special: false }, "at least one of lower"],
  ])("are refused with %s", (_, changed, expected) => {
    expect(faultOf({ ...rules, ...changed })).toContain(expected);
  });

  it("are not refused without a fault", () => {
    expect(faultOf(rules)).toBeUndefined();
  });
});

describe("the spellings of a random id", () => {
  it("are those of the same bytes, after the prefix", () => {
    expect(spellings(Buffer.from([0, 255, 254, 62]), "p-")).toEqual({
      hex: "p-00fffe3e",
      dec: "p-16776766",
      b64Std: "p-AP/+Pg==",
      b64Url: "p-AP_-Pg",
    });
  });
});
