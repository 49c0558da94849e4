import { enableCompileCache } from "node:module";
import { join } from "node:path";

/** Where Node keeps what it compiled: inside the checkout, unless the environment names another place. */
export const compileCacheDirectory =
  process.env["NODE_COMPILE_CACHE"] ??
  join(import.meta.dirname, "..", "..", "..", ".toolchain", "cache", "node-compile");

// Imported before all else by each plugin's main.ts, which imports the rest dynamically: what is imported statically
// beside this is compiled before it runs. It halves the time that a plugin takes to start.
enableCompileCache(compileCacheDirectory);
