#!/usr/bin/env node
import { promote, promoteHelp } from "./promote.ts";

/** A subcommand: gives the exit code. */
type Command = (words: readonly string[]) => Promise<number> | number;

const COMMANDS: Record<string, { readonly run: Command; readonly help: string }> = {
  promote: { run: promote, help: promoteHelp },
};

const USAGE = [
  "Usage: rehearse COMMAND [OPTIONS]",
  "",
  ...Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(10)} ${help.split("\n")[0] ?? ""}`),
  "",
  "rehearse COMMAND --help tells more.",
].join("\n");

async function main([name, ...words]: readonly string[]): Promise<number> {
  const command = name === undefined ? undefined : COMMANDS[name];
  if (command === undefined) {
    const asked = name === undefined || name === "--help" || name === "-h" || name === "help";
    if (!asked) console.error(`rehearse: "${name}" must be one of ${Object.keys(COMMANDS).join(", ")}.\n`);
    (asked ? console.log : console.error)(USAGE);
    return asked ? 0 : 2;
  }
  if (words.includes("--help") || words.includes("-h")) {
    console.log(command.help);
    return 0;
  }
  return await command.run(words);
}

process.exitCode = await main(process.argv.slice(2));
