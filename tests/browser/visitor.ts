import { mkdirSync } from "node:fs";
import path from "node:path";
import type { BrowserContext, Download, Page, Response } from "playwright-core";

const SCREENSHOTS = path.resolve(import.meta.dirname, "../../reports/browser");

/** Somebody who looks at pages and notices whatever goes wrong on them. */
export class Visitor {
  public readonly page: Page;
  readonly #problems: string[] = [];
  readonly #downloads = new Set<string>();
  readonly #networkChanged = Promise.withResolvers<never>();
  #answers = 0;

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()))
        this.#problems.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.#problems.push(`script error: ${error.message}`));
    page.on("download", (download) => this.#downloads.add(download.url()));
    this.#networkChanged.promise.catch(() => undefined);
    page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText ?? "";
      this.#problems.push(`request failed: ${request.url()} ${reason}`);
      if (reason.includes("ERR_NETWORK_CHANGED")) this.#networkChanged.reject(new Error(reason));
    });
    page.on("response", (response) => {
      this.#answers++;
      if (response.status() >= 400) this.#problems.push(`${response.status()} ${response.url()}`);
    });
  }

  public static async in(context: BrowserContext): Promise<Visitor> {
    return new Visitor(await context.newPage());
  }

  /** Waits, but no longer than until the browser drops its connections because the machine's network has changed. */
  public async until<T>(what: Promise<T>): Promise<T> {
    // What is given up may still fail, when its time is up or the page is closed.
    what.catch(() => undefined);
    return await Promise.race([what, this.#networkChanged.promise]);
  }

  /** Opens an address and waits until everything that the page needs is there. */
  public async open(url: string): Promise<Response> {
    const response = await this.until(this.page.goto(url, { waitUntil: "networkidle" }));
    if (response === null) throw new Error(`${url} gave no answer`);
    return response;
  }

  /** Does what leads to another page, and waits until that is there. */
  public async follow(action: (page: Page) => Promise<void>): Promise<void> {
    await this.until(Promise.all([this.page.waitForEvent("load"), action(this.page)]));
    await this.until(this.page.waitForLoadState("networkidle"));
  }

  /** Does what leads to a download. */
  public async download(action: (page: Page) => Promise<void>): Promise<Download> {
    const [download] = await this.until(Promise.all([this.page.waitForEvent("download"), action(this.page)]));
    return download;
  }

  /** Keeps what is to be seen, in `reports/browser/`. */
  public async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** What went wrong since it was last asked for. */
  public problems(): string[] {
    // A navigation that turns out to be a download ends as an aborted request.
    const problems = this.#problems.filter(
      (problem) => ![...this.#downloads].some((url) => problem === `request failed: ${url} net::ERR_ABORTED`),
    );
    this.#problems.length = 0;
    return problems;
  }

  /** How many answers were seen since it was last asked for. */
  public answers(): number {
    const answers = this.#answers;
    this.#answers = 0;
    return answers;
  }
}
