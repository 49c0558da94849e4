import { formToken } from "./admin-login.ts";
import type { Check, Finding } from "./check.ts";
import { type GatewayClient, mainClient } from "./gateway-client.ts";

const MEBIBYTE = 1024 * 1024;
/** More would only take longer: what is too small for this, is too small for a photograph. */
const LARGE_MIB = 8;
/** As long as links are that carry what a campaign or another system has added. */
const ADDRESS_CHARACTERS = 2000;
/** Of an article that somebody writes. */
const TEXT_CHARACTERS = 100_000;
const TOO_LARGE = [413, 414, 431];

/** What fits into the buffers goes through, and the first photograph, or the first link of a campaign, does not. */
export const gatewaySizes: Check = {
  id: "gateway.sizes",
  title: "bodies of the size that the settings allow, and long addresses, reach the application",
  cause:
    "The room for bodies or temporary files is smaller than gateway.maxBodyMiB, in the gateway or the application, or one of them takes only short addresses.",
  consequence:
    "Uploads beyond some hundred kilobytes, or links with tracking parameters, are answered 400, 413 or 500.",
  remedy:
    "Run pulumi up --refresh, which puts the gateway back; look for a limit of the server (limit_request_line) or of Django (DATA_UPLOAD_MAX_MEMORY_SIZE).",
  notApplicable: ({ paths }) => (paths.adminLogin === "none" ? "checks.adminLogin is none" : undefined),
  run: async (environment) => {
    const { paths, maxBodyMiB } = environment;
    const client = mainClient(environment);
    const token = formToken((await client.fetch(paths.adminLogin)).body) ?? "";
    return [
      ...(await body(client, paths.adminLogin, token, Math.min(LARGE_MIB, maxBodyMiB * 0.9))),
      ...(await text(client, paths.adminLogin, token)),
      ...(await address(client, paths.page === "none" ? paths.adminLogin : paths.page)),
    ];
  },
};

/**
 * Sends the login form empty, which is no attempt to log in, with a file that it does not ask for: Django reads it to its
 * end all the same, as it does any upload.
 */
async function body(client: GatewayClient, path: string, token: string, mebibytes: number): Promise<Finding[]> {
  const content = Buffer.alloc(Math.floor(mebibytes * MEBIBYTE), "x");
  const form = { csrfmiddlewaretoken: token };
  const { status } = await client.once(path, { method: "POST", form, file: { name: "photo", content } });
  if (!TOO_LARGE.includes(status) && status < 500) return [];
  return [
    { expected: `an answer of the application to ${mebibytes.toFixed(1)} MiB sent to ${path}`, seen: String(status) },
  ];
}

/** Sends it with a long text, which Django measures apart from files: DATA_UPLOAD_MAX_MEMORY_SIZE. */
async function text(client: GatewayClient, path: string, token: string): Promise<Finding[]> {
  const form = { csrfmiddlewaretoken: token, text: "x".repeat(TEXT_CHARACTERS) };
  const { status } = await client.once(path, { method: "POST", form });
  if (!TOO_LARGE.includes(status) && status !== 400 && status < 500) return [];
  return [
    {
      expected: `an answer of the application to a form with ${TEXT_CHARACTERS} characters sent to ${path}`,
      seen: String(status),
    },
  ];
}

async function address(client: GatewayClient, path: string): Promise<Finding[]> {
  const asked = async (characters: number) =>
    await client.once(`${path}${path.includes("?") ? "&" : "?"}utm_content=${"x".repeat(characters)}`);
  const [{ status: plain }, { status }] = [await asked(1), await asked(ADDRESS_CHARACTERS)];
  if (status === plain || (!TOO_LARGE.includes(status) && status !== 400)) return [];
  return [
    { expected: `${plain} at ${path} with ${ADDRESS_CHARACTERS} characters of parameters`, seen: String(status) },
  ];
}
