import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import { describe, expect, it } from "vitest";
import { runtimeOptions, splitWords } from "../../../../../toolchain/plugins/language-host/options.ts";
import { resultOf, runnerArguments } from "../../../../../toolchain/plugins/language-host/run-program.ts";

describe("the runtime's options", () => {
  it("type-check by default, as the official host does", () => {
    expect(runtimeOptions({})).toEqual({ typescript: true, tsconfig: undefined, nodeArgs: [] });
    expect(runtimeOptions({ typescript: false }).typescript).toBe(false);
  });

  it("are refused by name where they are not known", () => {
    expect(() => runtimeOptions({ bun: true })).toThrow("runtime.options.bun: not supported by this stand-in");
    expect(() => runtimeOptions({ packagemanager: "pnpm" })).toThrow('"pnpm" is not supported');
  });

  it.each([
    ["--a  --b=c", ["--a", "--b=c"]],
    [`--title='two words' "--x y"`, ["--title=two words", "--x y"]],
    ["", []],
  ])("split %j as a shell does", (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });
});

describe("a run of the program", () => {
  function request(entryPoint: string): InstanceType<typeof languagePb.RunRequest> {
    const info = new languagePb.ProgramInfo();
    info.setRootDirectory("/root");
    info.setProgramDirectory("/srv/program");
    info.setEntryPoint(entryPoint);
    const run = new languagePb.RunRequest();
    run.setInfo(info);
    run.setMonitorAddress("127.0.0.1:1");
    run.setProject("shop");
    run.setStack("sandbox");
    run.setPwd("/srv/program");
    run.setParallel(8);
    return run;
  }

  it("hands the SDK's runner what the CLI said", () => {
    expect(runnerArguments(request("."), "/srv/program", "127.0.0.1:2").join(" ")).toBe(
      "--monitor 127.0.0.1:1 --engine 127.0.0.1:2 --project shop --root-directory /root --stack sandbox " +
        "--pwd /srv/program --parallel 8 .",
    );
  });

  it("names a preview, and the entry point that Pulumi.yaml gives", () => {
    const preview = request("other.ts");
    preview.setDryrun(true);
    const last = runnerArguments(preview, "/srv/program", "127.0.0.1:2").slice(-2);
    expect(last).toEqual(["--dry-run", "/srv/program/other.ts"]);
  });

  it("ends well, with an error that was shown, or with one to show", () => {
    expect(resultOf({ code: 0, signal: null })).toEqual({ bail: false });
    expect(resultOf({ code: 32, signal: null })).toEqual({ bail: true });
    expect(resultOf({ code: 1, signal: null })).toEqual({ error: "Program exited with non-zero exit code: 1" });
    expect(resultOf({ code: null, signal: "SIGKILL" })).toEqual({ error: "Program was ended by SIGKILL" });
  });
});
