import { describe, expect, it } from "vitest";
import { help, readOptions } from "../../../bench/options.ts";

const nothing = async function* () {};
const measurements = [
  { name: "up", summary: "from nothing", run: nothing },
  { name: "release", summary: "rolling", run: nothing },
];

describe("the command line", () => {
  it("measures everything three times by default, and no set-up from nothing", () => {
    expect(readOptions([], measurements)).toEqual({
      only: ["up", "release"],
      runs: 3,
      quick: false,
      setUp: false,
      sizes: [0.1, 1, 5],
      rows: [10_000, 100_000, 1_000_000, 5_000_000],
    });
  });

  it("takes names, a number of runs, and --quick for one run", () => {
    expect(readOptions(["--only", "release, up"], measurements)?.only).toEqual(["release", "up"]);
    expect(readOptions(["--runs", "5", "--quick"], measurements)).toMatchObject({ runs: 5, quick: true });
    expect(readOptions(["--quick"], measurements)).toMatchObject({ runs: 1, sizes: [0.1, 1] });
    expect(readOptions(["--quick", "--sizes", "0.5,2"], measurements)?.sizes).toEqual([0.5, 2]);
  });

  it.each([
    [["--only", "roll"], '--only takes up, release; got "roll"'],
    [["--runs", "0"], '--runs takes a whole number of at least 1; got "0"'],
    [["--runs", "some"], 'got "some"'],
    [["--sizes", "1,big"], 'got "1,big"'],
    [["--rows", "1000,0"], 'got "1000,0"'],
    [["--fast"], "--fast"],
  ])("refuses %j and names it", (words, error) => {
    expect(() => readOptions(words, measurements)).toThrow(error);
  });

  it("lists every measurement in the help that it gives no options for", () => {
    expect(readOptions(["--help"], measurements)).toBeUndefined();
    expect(help(measurements)).toMatch(/up +from nothing\n {2}release +rolling/);
  });
});
