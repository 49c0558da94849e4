import "../framework/compile-cache.ts";

const { serve } = await import("../framework/provider.ts");
const { postgresqlProvider } = await import("./definition.ts");
serve(postgresqlProvider);
