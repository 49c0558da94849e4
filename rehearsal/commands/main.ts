#!/usr/bin/env node
import { evidenceHelp } from "./evidence-help.ts";
import { incidentHelp } from "./incident-help.ts";
import { migrationHelp } from "./migration-help.ts";
import { promote, promoteHelp } from "./promote.ts";
import { reproduceHelp } from "./reproduce-help.ts";
import { runHelp } from "./run-help.ts";
import { snapshotHelp, subcommandHelp } from "./snapshot-help.ts";
import { statisticsHelp } from "./statistics-help.ts";

/** A subcommand: gives the exit code. */
type Command = (words: readonly string[]) => Promise<number> | number;

/** What a command does and what it says of itself; where it has subcommands, of one of them. */
interface Described {
  readonly run: Command;
  readonly help: string;
  readonly subcommandHelp?: (name: string | undefined) => string;
}

const COMMANDS: Record<string, Described> = {
  // Settings and servers' clients take a while to load, which no other command should wait for.
  evidence: { run: async (words) => (await import("./evidence.ts")).evidence(words), help: evidenceHelp },
  incident: { run: async (words) => (await import("./incident.ts")).incident(words), help: incidentHelp },
  migration: { run: async (words) => (await import("./migration.ts")).migration(words), help: migrationHelp },
  promote: { run: promote, help: promoteHelp },
  reproduce: { run: async (words) => await (await import("./reproduce.ts")).reproduce(words), help: reproduceHelp },
  run: { run: async (words) => await (await import("./run.ts")).run(words), help: runHelp },
  snapshot: {
    run: async (words) => await (await import("./snapshot.ts")).snapshot(words),
    help: snapshotHelp,
    subcommandHelp,
  },
  statistics: {
    run: async (words) => await (await import("./statistics.ts")).statistics(words),
    help: statisticsHelp,
  },
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
    console.log(command.subcommandHelp?.(words[0]) ?? command.help);
    return 0;
  }
  return await command.run(words);
}

process.exitCode = await main(process.argv.slice(2));
