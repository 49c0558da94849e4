import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Checkout } from "../integration/environment/checkout.ts";
import { eventually, RunningEnvironment } from "../integration/environment/running-environment.ts";
import { type NewBrowser, openBrowser } from "./browser.ts";
import { Visitor } from "./visitor.ts";

const STACK = "it-browser";
const NAME = "reference-it-browser";
// A browser drops its connections whenever an interface of the machine comes or goes, as those of containers do.
const NETWORK_CHANGED = { retry: { count: 8, condition: /ERR_NETWORK_CHANGED|chrome-error:/ } };
const REMARK = "The queue at security moved quickly, and the staff were kind.";

const checkout = new Checkout();
let environment: RunningEnvironment;
let release: string;
let origin: string;
let browser: NewBrowser;
let visitor: Visitor;

beforeAll(async () => {
  await checkout.succeed("stack", "init", STACK);
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);
  environment = await RunningEnvironment.of(checkout, STACK, NAME);
  release = await checkout.output<string>(STACK, "release");
  origin = `https://${environment.hostname}:${environment.port}`;
  // The worker takes the files in after the deployment; a newcomer who is quick sees pages without data.
  const loaded = async () => {
    const { body } = await environment.get("/data/");
    return [...body.matchAll(/status-succeeded/g)].length === 3;
  };
  await eventually("the ETL worker has taken in every feed", loaded, 300);
  browser = await openBrowser(environment.authority);
});

afterAll(async () => {
  await (browser as NewBrowser | undefined)?.close();
  await checkout.remove(STACK);
});

beforeEach(async () => {
  visitor = await Visitor.in(browser.context);
});

afterEach(async () => {
  await visitor.page.close();
  const problems = visitor.problems();
  if (problems.length > 0) throw new Error(`pages must come without fault; found:\n${problems.join("\n")}`);
  expect(visitor.answers(), "pages were asked for").toBeGreaterThan(0);
});

async function texts(selector: string): Promise<string[]> {
  return (await visitor.page.locator(selector).allInnerTexts()).map((text) => text.trim());
}

describe("a newcomer's tour", NETWORK_CHANGED, () => {
  it("starts at a home page that the browser holds for secure", async () => {
    const answer = await visitor.open(`${origin}/`);
    expect(await visitor.page.title()).toBe("Airways");
    expect((await answer.securityDetails())?.issuer).toBe(`${NAME} intermediate`);
    expect(await visitor.page.evaluate(() => isSecureContext)).toBe(true);
    expect(await visitor.page.locator("table tbody tr").count()).toBe(10);
    const styled = await visitor.page.locator(".site-header").evaluate((header) => {
      return getComputedStyle(header).backgroundColor;
    });
    expect(styled, "the style sheet is applied").not.toBe("rgba(0, 0, 0, 0)");
    await visitor.screenshot("01-home");
  });

  it("fits a telephone", async () => {
    await visitor.page.setViewportSize({ width: 390, height: 800 });
    await visitor.open(`${origin}/airports/SEA/`);
    const content = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
    expect(content).toBeLessThanOrEqual(390);
    await visitor.screenshot("02-telephone");
    await visitor.page.setViewportSize({ width: 1280, height: 900 });
  });

  it("turns the pages of the airports", async () => {
    await visitor.open(`${origin}/`);
    await visitor.follow((page) => page.getByRole("link", { name: "Airports", exact: true }).click());
    expect(await visitor.page.title()).toBe("Airports · Airways");
    const airports = rowsOf("airports.csv");
    expect(await texts("main > p.quiet")).toEqual([`${airports.toLocaleString("en")} airports`]);
    const first = await texts("tbody a");
    expect(first).toHaveLength(25);
    await visitor.follow((page) => page.getByRole("link", { name: "Next" }).click());
    expect(await texts(".pages span")).toEqual([`Page 2 of ${Math.ceil(airports / 25)}`]);
    const second = await texts("tbody a");
    expect(second.filter((code) => first.includes(code))).toEqual([]);
    await visitor.screenshot("03-airports");
    await visitor.follow((page) => page.getByRole("link", { name: "Previous" }).click());
    expect(await texts("tbody a")).toEqual(first);
  });

  it("finds an airport and looks at it", async () => {
    await visitor.open(`${origin}/`);
    await visitor.page.getByLabel("Search airports").fill("seattle-tacoma");
    await visitor.follow((page) => page.getByRole("button", { name: "Search airports" }).click());
    expect(await texts("tbody a")).toEqual(["SEA"]);
    await visitor.follow((page) => page.getByRole("link", { name: "SEA" }).click());
    expect(await visitor.page.title()).toBe("SEA Seattle-Tacoma Intl · Airways");
    expect(await texts("h2")).toEqual(["Latest departures", "Latest arrivals", "Weather in Seattle", "Remarks"]);
    expect(await texts("section:has(h2:text('Remarks')) p")).toEqual(["No remarks yet."]);
    await visitor.screenshot("04-airport");
  });

  it("looks at a flight", async () => {
    await visitor.open(`${origin}/flights/?origin=SEA&delayed=on`);
    expect(await visitor.page.title()).toBe("Flights · Airways");
    const rows = await visitor.page.locator("tbody tr").count();
    expect(rows).toBeGreaterThan(0);
    expect(new Set(await texts("tbody td:nth-child(2) a"))).toEqual(new Set(["SEA"]));
    await visitor.screenshot("05-flights");
    await visitor.follow((page) => page.locator("tbody a").first().click());
    expect(await visitor.page.title()).toMatch(/^SEA to [A-Z0-9]{3,4}, \d{4}-\d\d-\d\d \d\d:\d\d · Airways$/);
    await visitor.screenshot("06-flight");
  });

  it("is told what is wrong with a form, and then thanked for it", async () => {
    await visitor.open(`${origin}/airports/SEA/`);
    await visitor.follow((page) => page.getByRole("link", { name: "Write a remark" }).click());
    expect(await visitor.page.title()).toBe("Remark on SEA Seattle-Tacoma Intl · Airways");
    await visitor.page.getByLabel("Text").fill("Too short");
    await visitor.page.getByLabel("Date").fill("2999-01-01");
    await visitor.follow((page) => page.getByRole("button", { name: "Send" }).click());
    expect(await texts(".errorlist li")).toEqual([
      "This field is required.",
      "This day is still to come.",
      "Ensure this value has at least 10 characters (it has 9).",
      "This field is required.",
    ]);
    await visitor.screenshot("07-remark-refused");
    await visitor.page.getByLabel("Kind").selectOption({ label: "Facilities" });
    await visitor.page.getByLabel("Date").fill("2024-05-17");
    await visitor.page.getByLabel("Text").fill(REMARK);
    await visitor.page.getByLabel("Your name").fill("Zoë Ångström");
    await visitor.follow((page) => page.getByRole("button", { name: "Send" }).click());
    expect(await texts(".notice")).toEqual([expect.stringContaining("Thank you. Your remark was received")]);
    expect(await texts(".remark-text")).toEqual([REMARK]);
    await visitor.screenshot("08-remark-received");
    await visitor.open(`${origin}/airports/SEA/`);
    expect(await texts(".remark-text"), "no editor has published it").toEqual([]);
  });

  it("sees charts and takes the figures along", async () => {
    await visitor.open(`${origin}/reports/`);
    expect(await visitor.page.title()).toBe("Reports · Airways");
    expect(await visitor.page.locator("svg.chart").count()).toBe(2);
    expect(await visitor.page.locator("svg.chart rect.bar-mark").count()).toBe(24);
    expect(await visitor.page.locator("svg.chart .dot").count()).toBeGreaterThan(5);
    const box = await visitor.page.locator("svg.chart").first().boundingBox();
    expect(box?.height).toBeGreaterThan(100);
    await visitor.screenshot("09-reports");
    const flights = Number((await texts("dl.facts dd"))[0]?.replace(",", ""));
    expect(flights).toBeGreaterThan(0);
    for (const [link, header] of [
      ["All routes as CSV", "origin,destination,distance_miles,flights,"],
      ["All flights as CSV", "departs_at,origin,destination,distance_miles,delay_minutes"],
    ] as const) {
      const download = await visitor.download((page) => page.getByRole("link", { name: link }).click());
      expect(download.suggestedFilename()).toMatch(/^(routes|flights)-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
      const lines = readFileSync(await download.path(), "utf8")
        .trim()
        .split("\r\n");
      expect(lines[0]).toContain(header);
      if (link === "All flights as CSV") expect(lines.length - 1).toBe(flights);
      else expect(lines.length).toBeGreaterThan(10);
    }
  });

  it("reads the documentation of the API and asks it", async () => {
    await visitor.open(`${origin}/api/docs/`);
    expect(await visitor.page.title()).toBe("Airways API");
    await visitor.until(visitor.page.locator(".opblock").first().waitFor());
    expect(await texts(".swagger-ui .info .title")).toEqual([expect.stringContaining("Airways API")]);
    const tried = visitor.page.locator("#operations-airports-airports_list, [id$=airports_list]").first();
    await tried.locator(".opblock-summary-control").click();
    await tried.getByRole("button", { name: "Try it out" }).click();
    await tried.getByRole("button", { name: "Execute" }).click();
    await visitor.until(tried.locator(".live-responses-table .response-col_status").first().waitFor());
    expect(await tried.locator(".live-responses-table tbody .response-col_status").first().textContent()).toMatch(
      /^200/,
    );
    await visitor.screenshot("10-api-docs");
    const answer = await visitor.open(`${origin}/api/v1/airports/SEA/`);
    expect(answer.status()).toBe(200);
    expect(await visitor.page.locator("body").textContent()).toContain("Seattle-Tacoma Intl");
    await visitor.screenshot("11-api");
  });

  it("sees what the ETL worker has taken in, every row accounted for", async () => {
    await visitor.open(`${origin}/data/`);
    expect(await visitor.page.title()).toBe("Data · Airways");
    const rows = await visitor.page
      .locator("tbody tr")
      .evaluateAll((all) =>
        all.map((row) => [...row.children].map((cell) => cell.textContent.trim().replaceAll(",", ""))),
      );
    const read = Object.fromEntries(rows.map(([, file = "", , count]) => [file, Number(count)] as const));
    expect(read).toEqual({
      "airports.csv": rowsOf("airports.csv"),
      "flights-5k.json": rowsOf("flights-5k.json"),
      "weather.csv": rowsOf("weather.csv"),
    });
    for (const [feed, , result, total, ...parts] of rows) {
      expect.soft(result, feed).toBe("Succeeded");
      const accounted = parts.slice(0, 4).reduce((sum, part) => sum + Number(part), 0);
      expect.soft(accounted, feed).toBe(Number(total));
    }
    await visitor.screenshot("12-data");
  });
});

describe("an editor", NETWORK_CHANGED, () => {
  let password: string;

  beforeAll(async () => {
    password = await checkout.output<string>(STACK, "adminPassword");
  });

  it("is refused with a wrong password", async () => {
    await logIn("not the password");
    expect(await visitor.page.title()).toBe("Error: Log in | Airways");
    expect(await texts(".errornote")).toEqual([
      expect.stringContaining("Please enter the correct username and password"),
    ]);
    await visitor.screenshot("13-admin-refused");
  });

  it("logs in with the generated password and sees the runs of this release", async () => {
    await logIn(password);
    expect(await visitor.page.title()).toBe("Records | Airways");
    await visitor.screenshot("14-admin");
    await visitor.follow((page) => page.getByRole("link", { name: "Runs" }).first().click());
    expect(new Set(await texts("td.field-release"))).toEqual(new Set([release]));
    expect((await texts("td.field-feed, th.field-feed")).sort()).toEqual(["airports", "flights", "weather"]);
    await visitor.screenshot("15-admin-runs");
  });

  it("publishes the remark, which everybody then reads", async () => {
    await logIn(password);
    await visitor.open(`${origin}/admin/flights/remark/`);
    await visitor.page.locator("input.action-select").first().check();
    await visitor.page.getByLabel("Action:").selectOption({ label: "Publish the selected remarks" });
    await visitor.follow((page) => page.getByRole("button", { name: "Go" }).click());
    expect(await texts(".messagelist li")).toEqual(["1 remarks are now published."]);
    await visitor.open(`${origin}/airports/SEA/`);
    expect(await texts(".remark-text")).toEqual([REMARK]);
    await visitor.screenshot("16-remark-published");
  });

  it("logs out", async () => {
    await logIn(password);
    await visitor.follow((page) => page.getByRole("button", { name: "Log out" }).click());
    expect(await visitor.page.title()).toBe("Logged out | Airways");
    await visitor.open(`${origin}/admin/`);
    expect(await visitor.page.title()).toBe("Log in | Airways");
  });
});

describe("every hostname", NETWORK_CHANGED, () => {
  it.each(["www", "api", "anything.tenants"])("serves the pages below %s", async (label) => {
    const answer = await visitor.open(`https://${label}.${environment.hostname}:${environment.port}/airports/SEA/`);
    expect(answer.status()).toBe(200);
    expect(await visitor.page.title()).toBe("SEA Seattle-Tacoma Intl · Airways");
    await visitor.screenshot(`17-hostname-${label}`);
  });
});

describe("a browser that was not told of the authority", NETWORK_CHANGED, () => {
  it("refuses the page", async () => {
    const strange = await openBrowser();
    try {
      const page = await strange.context.newPage();
      await expect(page.goto(`${origin}/`)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
    } finally {
      await strange.close();
    }
    expect((await visitor.open(`${origin}/`)).status()).toBe(200);
  });
});

/** From the start page to the administration, as somebody who is not logged in yet. */
async function logIn(password: string): Promise<void> {
  await browser.context.clearCookies();
  await visitor.open(`${origin}/`);
  await visitor.follow((page) => page.getByRole("link", { name: "Editors" }).click());
  await visitor.page.getByLabel("Username").fill("admin");
  await visitor.page.getByLabel("Password").fill(password);
  await visitor.follow((page) => page.getByRole("button", { name: "Log in" }).click());
}

/** Rows of a file of the reference project: of a CSV file without its header, or the items of a JSON list. */
function rowsOf(file: string): number {
  const text = readFileSync(checkout.path("reference/data", file), "utf8");
  return file.endsWith(".json") ? (JSON.parse(text) as unknown[]).length : text.trimEnd().split("\n").length - 1;
}
