import "../framework/compile-cache.ts";

const { serve } = await import("../framework/provider.ts");
const { dockerProvider } = await import("./provider.ts");
serve(dockerProvider);
