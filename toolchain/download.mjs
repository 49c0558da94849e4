// Run as a program, `node download.mjs URL FILE`, so that Node's flags for proxies and for the host's certificate
// authorities, which count from its start only, hold for it.
import fs from "node:fs";
import process from "node:process";

const connectSeconds = 8;
const stallSeconds = 30;

const [url, file] = process.argv.slice(2);
if (!url || !file) {
  process.stderr.write("usage: node download.mjs URL FILE\n");
  process.exit(2);
}
try {
  await download(url, file);
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  process.stderr.write(`${url}: ${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exit(1);
}

/**
 * @param {string} url
 * @param {string} file
 */
async function download(url, file) {
  const abort = new AbortController();
  const late = (/** @type {number} */ seconds, /** @type {string} */ what) =>
    setTimeout(() => {
      abort.abort(new Error(`${what} for ${String(seconds)} s`));
    }, seconds * 1000);
  let timer = late(connectSeconds, "no answer");
  const response = await fetch(url, { signal: abort.signal });
  if (!response.ok || !response.body) throw new Error(`HTTP status ${String(response.status)}`);
  const total = Number(response.headers.get("content-length") ?? 0);
  const out = fs.openSync(file, "w");
  let done = 0;
  let said = 0;
  for await (const chunk of response.body) {
    clearTimeout(timer);
    timer = late(stallSeconds, "nothing came");
    done += fs.writeSync(out, chunk);
    if (done - said > 1_000_000) {
      said = done;
      process.stdout.write(`${megabytes(done)}${total > 0 ? ` of ${megabytes(total)}` : ""} MB\n`);
    }
  }
  clearTimeout(timer);
  fs.closeSync(out);
}

/** @param {number} bytes */
function megabytes(bytes) {
  return String(Math.round(bytes / 1e6));
}
