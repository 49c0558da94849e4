import { compileCacheDirectory } from "../framework/compile-cache.ts";

const { serveLanguageHost } = await import("./serve.ts");
serveLanguageHost(process.argv.slice(2), compileCacheDirectory);
