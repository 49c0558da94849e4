const KNOWN = ["typescript", "tsconfig", "nodeargs", "packagemanager"];

/** The options under `runtime` in Pulumi.yaml that decide how a program is run. */
export interface RuntimeOptions {
  /** Run through ts-node, as the official host does by default; false: Node strips the types itself. */
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
  readonly nodeArgs: readonly string[];
}

/** Reads the options and refuses, by name, one that this host does not know. */
export function runtimeOptions(options: Readonly<Record<string, unknown>>): RuntimeOptions {
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new Error(
        `Pulumi.yaml, runtime.options.${name}: not supported by this stand-in of the Node language host ` +
          `(toolchain/plugins/README.md), which knows ${KNOWN.join(", ")}. Remove it, or use the official host`,
      );
    }
  }
  const packageManager = options["packagemanager"] ?? "npm";
  if (packageManager !== "npm" && packageManager !== "auto") {
    throw new Error(
      `Pulumi.yaml, runtime.options.packagemanager: ${JSON.stringify(packageManager)} is not supported by this ` +
        "stand-in of the Node language host, which installs with npm. Set it to npm, or use the official host",
    );
  }
  const tsconfig = options["tsconfig"];
  const nodeArgs = options["nodeargs"];
  return {
    typescript: options["typescript"] !== false,
    tsconfig: typeof tsconfig === "string" ? tsconfig : undefined,
    nodeArgs: typeof nodeArgs === "string" ? splitWords(nodeArgs) : [],
  };
}

/** Splits as a shell does at blanks outside of quotes. */
export function splitWords(text: string): string[] {
  const words = text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g);
  return [...words].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
