import "../framework/compile-cache.ts";

const { serve } = await import("../framework/provider.ts");
const { randomProvider } = await import("./definition.ts");
serve(randomProvider);
