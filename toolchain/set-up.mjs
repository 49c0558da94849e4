import process from "node:process";
import { makeContext } from "./context.mjs";
import { setUp } from "./run-steps.mjs";
import { steps } from "./steps.mjs";

const help = `usage: npm run set-up [-- --again] [-- --for sandbox|test]

Brings in what is missing on this machine, in this order, each from the first source that works:

${steps.map((step) => `  ${step.name.padEnd(20)} ${step.takes}`).join("\n")}

  --for sandbox|test  what is needed for that only (default: everything)
  --again             try the official tools again where stand-ins were taken
  --help              this text

Everything but packages of the distribution and Docker's own data stays inside the checkout, in .toolchain/.
`;

const options = readArguments(process.argv.slice(2));
if ("fault" in options) {
  process.stderr.write(`${options.fault}\n\n${help}`);
  process.exit(2);
}
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}
const chosen = steps.filter((step) => !options.purpose || step.for.includes(options.purpose));
process.exit(await setUp(makeContext({ again: options.again }), chosen, process.stdout));

/**
 * @param {readonly string[]} args
 * @returns {{ help: boolean, again: boolean, purpose: "sandbox" | "test" | undefined } | { fault: string }}
 */
function readArguments(args) {
  /** @type {"sandbox" | "test" | undefined} */
  let purpose;
  const rest = [...args];
  const flags = new Set();
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--for") {
      const value = rest.shift();
      if (value !== "sandbox" && value !== "test")
        return { fault: `--for takes "sandbox" or "test"; got "${value ?? ""}"` };
      purpose = value;
    } else if (arg === "--again" || arg === "--help") flags.add(arg);
    else return { fault: `unknown argument "${arg}"` };
  }
  return { help: flags.has("--help"), again: flags.has("--again"), purpose };
}
