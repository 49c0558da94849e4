import type { Check } from "./check.ts";
import { mainClient } from "./gateway-client.ts";

const MEBIBYTE = 1024 * 1024;
/** More would only take longer: what is too small for this, is too small for a photograph. */
const LARGE_MIB = 8;

/** What is buffered in memory goes through, and the first photograph does not. */
export const gatewayUpload: Check = {
  id: "gateway.upload",
  title: "the gateway takes bodies of the size that the settings allow",
  cause: "The gateway's client_max_body_size or its room for temporary files is smaller than gateway.maxBodyMiB.",
  consequence: "Uploads beyond some hundred kilobytes are answered 413 or 500.",
  remedy: "Run pulumi up --refresh, which puts the gateway back; see its log for what it lacks.",
  notApplicable: ({ paths }) =>
    paths.page === "none" && paths.adminLogin === "none" ? "checks.page and checks.adminLogin are none" : undefined,
  run: async (environment) => {
    const { paths, maxBodyMiB } = environment;
    const path = paths.adminLogin === "none" ? paths.page : paths.adminLogin;
    const mebibytes = Math.min(LARGE_MIB, maxBodyMiB * 0.9);
    const form = { file: "x".repeat(Math.floor(mebibytes * MEBIBYTE)) };
    // Without a token Django refuses it, which is as good an answer as any: it has arrived.
    const { status } = await mainClient(environment).once(path, { method: "POST", form });
    if (status !== 413 && status < 500) return [];
    return [
      { expected: `an answer of the application to ${mebibytes.toFixed(1)} MiB sent to ${path}`, seen: String(status) },
    ];
  },
};
