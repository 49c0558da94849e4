import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

/** Those that the set-up knows, too. */
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** A browser of a user that has just been created on the machine. */
export interface NewBrowser {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

/**
 * Starts a headless browser with a home folder and a profile of its own.
 *
 * @param authority certificate (PEM) of an authority that the user has told the browser to trust, by the command that the
 *   set-up prints; no error of a certificate is overlooked
 */
export async function openBrowser(authority?: string): Promise<NewBrowser> {
  const home = mkdtempSync(path.join(tmpdir(), "rehearsal-browser-"));
  if (authority !== undefined) trust(home, authority);
  const context = await chromium.launchPersistentContext(path.join(home, "profile"), {
    executablePath: browserFile(),
    headless: true,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: path.join(home, ".config") },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP *.localhost 127.0.0.1",
    ],
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
  });
  context.setDefaultTimeout(60_000);
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** The store in a user's home that browsers take authorities from. */
function trust(home: string, authority: string): void {
  const store = path.join(home, ".pki/nssdb");
  const file = path.join(home, "authority.pem");
  mkdirSync(store, { recursive: true });
  writeFileSync(file, authority);
  const certutil = (...words: string[]) => execFileSync("certutil", ["-d", `sql:${store}`, ...words]);
  certutil("-N", "--empty-password");
  certutil("-A", "-t", "C,,", "-n", "rehearsal", "-i", file);
}

function browserFile(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);
  if (found === undefined) throw new Error(`one of ${NAMES.join(", ")} must be on PATH; found none. Run npm test.`);
  return found;
}
