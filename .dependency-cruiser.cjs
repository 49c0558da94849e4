// Which part may import which (docs/architecture.md): index -> config, components; components -> rehearsal -> engine.
// Types count as much as values: a part that knows another one's types knows the other one.

const program = "^(index\\.ts|preload\\.ts|config/|components/|rehearsal/|engine/)";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "engine-below-all",
      comment: "Plain calls to Docker and PostgreSQL: whoever uses them, they know nothing of it.",
      severity: "error",
      from: { path: "^engine/" },
      to: { path: "^(index\\.ts|config/|components/|rehearsal/|toolchain/|tests/|bench/)" },
    },
    {
      name: "engine-without-pulumi",
      comment: "What is done to a release, and the calls that it takes, run without a deployment too.",
      severity: "error",
      from: { path: "^(engine/|rehearsal/)", pathNot: "^rehearsal/commands/" },
      to: { path: "^node_modules/@pulumi/" },
    },
    {
      name: "rehearsal-below-components",
      comment: "Checks, plans and evidence hold no resources; only the commands may use the program.",
      severity: "error",
      from: { path: "^rehearsal/", pathNot: "^rehearsal/commands/" },
      to: { path: "^(index\\.ts|config/|components/|toolchain/|tests/|bench/|rehearsal/commands/)" },
    },
    {
      name: "commands-beside-toolchain",
      comment: "The program and its commands run on any tool chain.",
      severity: "error",
      from: { path: "^rehearsal/commands/" },
      to: { path: "^(toolchain/|tests/|bench/)" },
    },
    {
      name: "components-without-config",
      comment: "Components are handed arguments; none can ask which environment it is in.",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^(index\\.ts|config/|toolchain/|tests/|bench/|rehearsal/commands/)" },
    },
    {
      name: "config-alone",
      comment: "Settings are values: what they are used for is not their business.",
      severity: "error",
      from: { path: "^config/" },
      to: { path: "^(index\\.ts|components/|rehearsal/|engine/|toolchain/|tests/|bench/)" },
    },
    {
      name: "index-wires",
      severity: "error",
      from: { path: "^index\\.ts$" },
      to: { path: "^(rehearsal/|engine/|toolchain/|tests/|bench/)" },
    },
    {
      name: "toolchain-without-program",
      comment: "Set-up and stand-ins serve any program; the program runs on the official tools alike.",
      severity: "error",
      from: { path: "^toolchain/" },
      to: { path: `${program}|^(tests/|bench/)` },
    },
    {
      name: "set-up-without-packages",
      comment: "The set-up runs before npm's packages are there.",
      severity: "error",
      from: { path: "^toolchain/", pathNot: "^toolchain/plugins/" },
      to: { dependencyTypes: ["npm", "npm-dev"] },
    },
    {
      name: "program-without-development-packages",
      severity: "error",
      from: { path: program },
      to: { dependencyTypes: ["npm-dev"] },
    },
    {
      name: "no-circles",
      comment: "Types may refer to each other; modules that wait for each other at run time may not.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(\\.toolchain|reference|tests/projects)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
  },
};
