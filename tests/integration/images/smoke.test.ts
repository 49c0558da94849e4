import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Event, SmokeBench } from "./smoke-bench.ts";
import { until } from "./support.ts";

let smokes: SmokeBench;

beforeAll(async () => {
  smokes = await SmokeBench.open("images-test-kinds");
}, 900_000);

afterAll(async () => {
  await smokes.remove();
});

/** Rows of every table, as one text. */
async function contents(name: string): Promise<string> {
  const tables = await smokes.database.sql(
    name,
    "SELECT format('SELECT %L, count(*), md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %I t', relname, relname) " +
      "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname",
  );
  return await smokes.database.sql(name, tables.replaceAll("\n", ";"));
}

function failures(round: Readonly<Record<string, string | null>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(round).filter(([, error]) => error !== null));
}

describe("run smoke", { timeout: 120_000 }, () => {
  it("does all that the code does under the same names each time, and leaves nothing in the database", async () => {
    await smokes.prepare("smoked");
    const before = await contents("smoked");
    expect(before).toContain("kinds_measurement|2001|");
    const smoke = await smokes.start("smoked");
    const round = await smoke.once();
    expect(failures(round)).toEqual({});
    const names = Object.keys(round);
    expect(names.filter((name) => name.startsWith("GET ") && !name.startsWith("GET /admin/"))).toEqual([
      "GET /",
      "GET /api/",
      "GET /people/<id>/",
      "GET /visit/?by",
      "GET /moved/",
      "GET /countries.csv",
      "GET /api/countries/<id>/",
    ]);
    expect(names.filter((name) => name.startsWith("GET /admin/kinds/"))).toEqual([
      "GET /admin/kinds/country/",
      "GET /admin/kinds/country/<id>/change/",
      "GET /admin/kinds/country/add/",
      "GET /admin/kinds/order/",
      "GET /admin/kinds/order/add/",
      "GET /admin/kinds/person/",
      "GET /admin/kinds/person/<id>/change/",
      "GET /admin/kinds/person/add/",
    ]);
    const models = names.filter((name) => name.startsWith("INSERT kinds.")).map((name) => name.slice(13));
    expect(models).toEqual([
      ...["Badge", "Basket", "Country", "Hidden", "Measurement", "Membership", "Order", "Person", "Person_friends"],
      ...["Place", "Profile", "Restaurant"],
    ]);
    for (const kind of ["SELECT", "UPDATE", "DELETE"]) {
      for (const model of models) expect(names).toContain(`${kind} kinds.${model}`);
    }
    expect(names).toContain("INSERT auth.User_groups");
    const [saved] = smoke.events.filter(({ operation }) => operation === "UPDATE kinds.Person");
    expect(saved?.touched).toEqual(["changed"]);

    // Those of the administration come from a process of their own, in between.
    expect(Object.keys(await smoke.once()).sort()).toEqual(names.sort());
    expect(await contents("smoked")).toBe(before);
    expect(await smoke.end()).toBe(0);
  });

  it("tells what fails after the schema changed, with the place in the project's code, in the same process", async () => {
    await smokes.prepare("changed");
    const smoke = await smokes.start("changed");
    expect(failures(await smoke.once())).toEqual({});
    await smokes.database.sql(
      "changed",
      `ALTER TABLE kinds_country DROP COLUMN number;
       ALTER TABLE kinds_measurement ADD COLUMN unit text NOT NULL DEFAULT 'm';
       ALTER TABLE kinds_measurement ALTER COLUMN unit DROP DEFAULT`,
    );
    const failed = failures(await smoke.once());
    const dropped = "ProgrammingError: column kinds_country.number does not exist";
    expect(failed["GET /api/"]).toMatch(
      /^ProgrammingError: column kinds_country.number does not exist; HINT: .* \| kinds\/views.py:\d+$/,
    );
    expect(failed["SELECT kinds.Country"]).toContain(dropped);
    expect(failed["GET /admin/kinds/country/"]).toContain(dropped);
    expect(failed["INSERT kinds.Measurement"]).toMatch(
      /^IntegrityError: null value in column "unit" of relation "kinds_measurement" violates not-null constraint; DETAIL/,
    );
    const concerned = ["GET /countries.csv", "GET /visit/?by", "SELECT kinds.Country", "UPDATE kinds.Measurement"];
    expect(concerned.map((name) => name in failed)).toEqual([true, true, true, false]);
    // A page that only links to what is broken is not.
    expect("GET /" in failed || "SELECT kinds.Person" in failed).toBe(false);
    expect(await smoke.end()).toBe(0);
  });

  it("finds nothing wrong with an index that became unique over values that are", async () => {
    await smokes.prepare("stricter");
    await smokes.database.sql(
      "stricter",
      `CREATE UNIQUE INDEX ON kinds_measurement (day);
       CREATE UNIQUE INDEX ON kinds_person (upper(slug)) INCLUDE (email);
       CREATE UNIQUE INDEX ON kinds_membership (person_id, country_id) WHERE person_id > 0`,
    );
    const smoke = await smokes.start("stricter");
    expect(failures(await smoke.once())).toEqual({});
    await smoke.end();
  });

  it("asks for pages of rows in which something is missing, which no link may lead to", async () => {
    await smokes.prepare("gaps");
    await smokes.database.sql("gaps", "UPDATE kinds_person SET mentor_id = 2 WHERE id = 1");
    const environment = { ALL_HAVE_MENTORS: "1", SMOKE_UNLINKED: "1" };
    const complete = await smokes.start("gaps", environment);
    expect(failures(await complete.once())).toEqual({});
    await complete.end();
    await smokes.database.sql("gaps", "UPDATE kinds_person SET mentor_id = NULL WHERE id = 3");
    const smoke = await smokes.start("gaps", environment);
    const failed = failures(await smoke.once());
    expect(Object.keys(failed)).toEqual(["GET /people/<id>/ where mentor is empty"]);
    expect(Object.values(failed)[0]).toMatch(
      /^AttributeError: 'NoneType' object has no attribute 'slug' \| kinds\/views\.py:\d+$/,
    );
    expect(await smoke.end()).toBe(0);
  });

  it("asks for a page of each kind of rows, and again for one that leaves files behind", async () => {
    await smokes.prepare("unusual");
    await smokes.database.sql(
      "unusual",
      "UPDATE kinds_person SET active = true; UPDATE kinds_person SET active = false WHERE id = 3",
    );
    const plain = await smokes.start("unusual", { SMOKE_UNLINKED: "1" });
    const round = await plain.once();
    expect(failures(round)).toEqual({});
    expect(Object.keys(round)).toContain("GET /people/<id>/ where active is True");
    await plain.end();
    const smoke = await smokes.start("unusual", { SMOKE_UNLINKED: "1", ALL_ARE_ACTIVE: "1", LEAVES_FILES: "1" });
    expect(failures(await smoke.once())).toEqual({
      "GET /people/<id>/ where active is False": expect.stringContaining("KeyError: False") as string,
      "GET /people/<id>/ for its files": "each request leaves a file in /tmp, such as tmp….csv",
    });
    expect(await smoke.end()).toBe(0);
  });

  it("finds pages that show markup in texts as it is, for whoever may have written it", async () => {
    await smokes.prepare("marked");
    const before = await contents("marked");
    const escaping = await smokes.start("marked", { SMOKE_UNLINKED: "1" });
    const round = await escaping.once();
    const name = "GET /people/<id>/ with markup in kinds.Place";
    expect(Object.keys(round)).toContain(name);
    expect(failures(round)).toEqual({});
    await escaping.end();
    const smoke = await smokes.start("marked", { SMOKE_UNLINKED: "1", NAMES_ARE_SAFE: "1" });
    expect(failures(await smoke.once())).toEqual({
      [name]: "markup in kinds.Place.name is not escaped: it becomes a part of the page",
    });
    expect(await contents("marked")).toBe(before);
    expect(await smoke.end()).toBe(0);
  });

  it("finds secrets at addresses that no link leads to, and nothing else there", async () => {
    await smokes.prepare("shown");
    const smoke = await smokes.start("shown", { SMOKE_UNLINKED: "1", SHOW_SETTINGS: "1" });
    const round = await smoke.once();
    const alone = Object.keys(round).filter((name) => name.endsWith("by its address alone"));
    expect(alone).toContain("GET /visit/ by its address alone");
    expect(failures(round)).toEqual({
      "GET /debug/settings/ by its address alone":
        "the answer, which nobody has to log in for, holds the value of DJANGO_SECRET_KEY",
    });
    expect(await smoke.end()).toBe(0);
  });

  it("sends forms as a browser does, and tells what becomes of them", async () => {
    await smokes.prepare("formed");
    const before = await contents("formed");
    const sent = async (fault: string, chart = "") => {
      const faults = { OPINION: fault, CHART: chart, MAIL_SERVER: "localhost" };
      const environment = { SMOKE_PATHS: "/opinion/", SMOKE_UNLINKED: "1", ...faults };
      const smoke = await smokes.start("formed", environment);
      const round = await smoke.once();
      expect(Object.keys(round).filter((name) => /^POST (?!\/admin\/)/.test(name))).toEqual([
        "POST /opinion/ empty",
        "POST /opinion/ filled in",
        "POST /opinion/ as people write",
        "POST /opinion/ with long text",
      ]);
      expect(await smoke.end()).toBe(0);
      return failures(round);
    };
    const filled = (error: string) => ({ "POST /opinion/ filled in": error, "POST /opinion/ as people write": error });
    expect(await sent("")).toEqual({});
    expect(await sent("token")).toEqual({
      "POST /opinion/ empty": "the form carries no csrfmiddlewaretoken, and is refused with 403",
      ...filled("the form carries no csrfmiddlewaretoken, and is refused with 403"),
    });
    expect(await sent("strict")).toEqual({
      "POST /opinion/ as people write":
        "the form is shown again: what is filled in is not taken in text (A name has letters.)",
    });
    expect(await sent("empty")).toEqual({
      "POST /opinion/ empty": expect.stringMatching(
        /^ZeroDivisionError: division by zero \| kinds\/views\.py:\d+$/,
      ) as string,
    });
    expect(await sent("lost")).toEqual(filled("the page that it leads to, /people/<id>/, answers 404"));
    expect(await sent("mail")).toEqual(
      filled(
        "it sends mail while it answers, and EMAIL_HOST is localhost: no mail server listens on port 25 of the container",
      ),
    );
    expect(await sent("refused")).toEqual(filled("the form is shown again: what is filled in is not taken"));
    expect(await sent("anything")).toEqual({
      "POST /opinion/ empty": "it is taken although nothing is filled in: kinds.Country",
    });
    expect(await sent("somebody")).toEqual(
      filled("what a visitor sends is stored with admin.LogEntry.user of the administrator who was there before"),
    );
    expect(await sent("", "search")).toEqual({
      "GET /chart/?q with brackets and quotes": expect.stringMatching(/^(?:re\.)?(?:error|PatternError): /) as string,
    });
    expect(await sent("", "found")).toEqual({
      "GET /chart/?q for a kinds.Person where mentor is empty": expect.stringMatching(/^AttributeError: /) as string,
    });
    expect(await contents("formed")).toBe(before);
  });

  it("sends records without a login, and tells who takes them or fails", async () => {
    await smokes.prepare("entries");
    const before = await contents("entries");
    const sent = async (fault: string) => {
      const environment = { SMOKE_PATHS: "/api/entries/", SMOKE_UNLINKED: "1", ENTRIES: fault };
      const smoke = await smokes.start("entries", environment);
      const round = await smoke.once();
      expect(Object.keys(round)).toContain("POST /api/entries/ by a stranger");
      expect(Object.keys(round)).toContain("GET /api/entries/ as a user");
      expect(await smoke.end()).toBe(0);
      return failures(round);
    };
    // Both are told as what they are: a release that takes them after all is to be found.
    const ofOthers = {
      "PATCH /api/entries/<id>/ as a user": "status 405",
      "DELETE /api/entries/<id>/ as a user": "status 405",
    };
    expect(await sent("")).toEqual(ofOthers);
    expect(await sent("anybody's")).toEqual({});
    expect(await sent("open")).toEqual({
      ...ofOthers,
      "POST /api/entries/ by a stranger": "a record is taken from whoever sends it, without a login",
    });
    expect(await sent("closed")).toEqual({ ...ofOthers, "POST /api/entries/ as a user": "status 403" });
    expect(await sent("careless")).toEqual({
      ...ofOthers,
      "POST /api/entries/ by a stranger": expect.stringMatching(
        /^AttributeError: 'AnonymousUser' object has no attribute 'nobody_has_this' \| kinds\/views\.py:\d+$/,
      ) as string,
    });
    expect(await contents("entries")).toBe(before);
  });

  it("chooses all rows of a list of the administration, as editors do", async () => {
    await smokes.prepare("chosen");
    const before = await contents("chosen");
    const failed = async (most: string, editable = "0") => {
      const smoke = await smokes.start("chosen", { SMOKE_UNLINKED: "1", MOST_FIELDS: most, EDITABLE: editable });
      const round = await smoke.once();
      expect(Object.keys(round)).toContain("POST /admin/kinds/person/ with all rows chosen");
      expect(await smoke.end()).toBe(0);
      return failures(round);
    };
    expect(await failed("1000", "1")).toEqual({});
    const people = "POST /admin/kinds/person/ with all rows chosen";
    expect(await failed("12")).not.toHaveProperty([people]);
    const tooMany = expect.stringMatching(
      /^status 400 for 3 rows: the form has \d+ fields, and DATA_UPLOAD_MAX_NUMBER_FIELDS is \d+$/,
    ) as string;
    expect(await failed("12", "1")).toMatchObject({ [people]: tooMany });
    // So are the forms of rows, each with more fields than that.
    expect(await failed("4")).toMatchObject({
      "POST /admin/kinds/country/ with all rows chosen": tooMany,
      [people]: tooMany,
    });
    expect(await contents("chosen")).toBe(before);
  });

  it("sees an answer that is made for one user and given to the next", async () => {
    await smokes.prepare("shared");
    const before = await contents("shared");
    const failed = async (lists: string) => {
      const environment = { SMOKE_PATHS: "/api/entries/", SMOKE_UNLINKED: "1", LISTS: lists };
      const smoke = await smokes.start("shared", environment);
      const round = await smoke.once();
      const name = "GET /api/entries/ as one user after another";
      expect(Object.keys(round)).toContain(name);
      expect(await smoke.end()).toBe(0);
      return round[name];
    };
    expect(await failed("all")).toBeNull();
    expect(await failed("own")).toBeNull();
    expect(await failed("kept")).toMatch(/^what it answers depends on who asks, and another user is given the answer/);
    expect(await contents("shared")).toBe(before);
  });

  it("sees an answer whose header is longer than the gateway takes", async () => {
    await smokes.prepare("headed");
    const failed = async (keys: string) => {
      const smoke = await smokes.start("headed", { SMOKE_PATHS: "/api/entries/", KEYS: keys });
      const round = await smoke.once();
      expect(await smoke.end()).toBe(0);
      return failures(round);
    };
    expect(await failed("800")).toEqual({});
    expect(await failed("1200")).toEqual({
      "GET /api/entries/": expect.stringMatching(
        /^its header has \d+ bytes, 4815 of them in Surrogate-Key, and the gateway takes 4096 \(proxy_buffer_size\)/,
      ) as string,
    });
  });

  it("tells which servers outside a page asks, and how long it would wait for them", async () => {
    await smokes.prepare("asking");
    const asked = async (fault: string) => {
      const smoke = await smokes.start("asking", { SMOKE_PATHS: "/chart/", SMOKE_UNLINKED: "1", CHART: fault });
      expect(failures(await smoke.once())).toEqual({});
      const [page] = smoke.events.filter(({ operation }) => operation === "GET /chart/");
      expect(await smoke.end()).toBe(0);
      return page?.outside;
    };
    expect(await asked("")).toBeUndefined();
    expect(await asked("outside")).toEqual({ "weather0.invalid": null, "weather1.invalid": 30 });
  });

  it("uploads pictures of several kinds, and tells which a form cannot work with", async () => {
    await smokes.prepare("pictured");
    const before = await contents("pictured");
    const [editors, visitors] = ["POST /admin/kinds/person/<id>/change/ with", "POST /photo/ with"];
    const sent = async (photos: string) => {
      const environment = { SMOKE_PATHS: "/photo/", SMOKE_UNLINKED: "1", PHOTOS: photos };
      const smoke = await smokes.start("pictured", environment);
      const round = await smoke.once();
      for (const form of [editors, visitors]) {
        expect(Object.keys(round).filter((name) => name.startsWith(form))).toEqual([
          `${form} a transparent PNG`,
          `${form} a palette GIF`,
          `${form} a JPEG`,
        ]);
      }
      expect(await smoke.end()).toBe(0);
      return failures(round);
    };
    expect(await sent("")).toEqual({});
    const opaque = expect.stringMatching(
      /^OSError: cannot write mode RGBA as JPEG \| kinds\/photos\.py:\d+$/,
    ) as string;
    expect(await sent("opaque")).toEqual({
      [`${editors} a transparent PNG`]: opaque,
      [`${visitors} a transparent PNG`]: opaque,
    });
    const again = "the form is shown again: what is filled in is not taken in photo (A photograph, please.)";
    expect(await sent("photographs")).toEqual({
      [`${editors} a transparent PNG`]: again,
      [`${editors} a palette GIF`]: again,
      [`${visitors} a transparent PNG`]: again,
      [`${visitors} a palette GIF`]: again,
    });
    expect(await contents("pictured")).toBe(before);
  });

  it("uploads no pictures where no form asks for them", async () => {
    await smokes.prepare("pictureless");
    const smoke = await smokes.start("pictureless", { SMOKE_UNLINKED: "1" });
    expect(Object.keys(await smoke.once()).filter((name) => / (?:PNG|GIF|JPEG)$/.test(name))).toEqual([]);
    expect(await smoke.end()).toBe(0);
  });

  it("asks for periods of many years, and tells what memory that takes", async () => {
    await smokes.prepare("lasting");
    const asked = async (fault: string) => {
      const smoke = await smokes.start("lasting", { SMOKE_PATHS: "/days/", SMOKE_UNLINKED: "1", DAYS: fault });
      expect(failures(await smoke.once())).toEqual({});
      expect(await smoke.end()).toBe(0);
      const long = smoke.events.filter(
        ({ event, operation = "" }) => event === "operation" && / over \d+ years?$/.test(operation),
      );
      return long.map(({ operation, memory }) => [operation, memory]);
    };
    const [page, download] = ["GET /days/?since&until over", "GET /days.csv?since&until over"];
    expect(await asked("")).toEqual([
      [`${page} 10 years`, 0],
      [`${download} 10 years`, 0],
    ]);
    expect(await asked("few")).toEqual([
      [`${page} 5 years`, 0],
      [`${download} 5 years`, 0],
    ]);
    const held = await asked("held");
    expect(held.map(([operation]) => operation)).toEqual([`${page} 10 years`, `${download} 10 years`]);
    // 3650 lines of 15 kB, but for what the process had at hand.
    expect(held[0]?.[1]).toBe(0);
    expect(held[1]?.[1]).toBeGreaterThan(35_000_000);
    expect(held[1]?.[1]).toBeLessThan(80_000_000);
  });

  it("has told what it was at where the kernel ends it for want of memory", async () => {
    await smokes.prepare("killed");
    const smoke = await smokes.start("killed", { SMOKE_PATHS: "/days/", SMOKE_UNLINKED: "1", DAYS: "endless" });
    await expect(smoke.once()).rejects.toThrow("smoke has ended");
    expect(await smoke.end()).toBe(137);
    const begun = smoke.events.filter(({ event }) => event === "begins").at(-1)?.name;
    expect(begun).toBe("GET /days.csv?since&until over 10 years");
    expect(smoke.events.some(({ operation }) => operation === begun)).toBe(false);
  });

  it("sees a page for errors that needs the database, which may be what is away", async () => {
    await smokes.prepare("sorry");
    const failed = async (page: string) => {
      const smoke = await smokes.start("sorry", { SMOKE_UNLINKED: "1", ERROR_PAGE: page });
      const round = await smoke.once();
      expect(Object.keys(round)).toContain("GET the page for errors");
      expect(await smoke.end()).toBe(0);
      return failures(round);
    };
    expect(await failed("")).toEqual({});
    expect(await failed("places")).toEqual({
      "GET the page for errors": expect.stringMatching(
        /^OperationalError: the database is away, as this rehearsal has it \| kinds\/views\.py:\d+$/,
      ) as string,
    });
  });

  it("tells what the administration offers to the members of a group of users", async () => {
    await smokes.prepare("grouped");
    await smokes.database.sql(
      "grouped",
      `INSERT INTO auth_group (name) VALUES ('Desk');
       INSERT INTO auth_group_permissions (group_id, permission_id)
         SELECT g.id, p.id FROM auth_group g, auth_permission p WHERE p.codename IN ('view_person', 'change_person')`,
    );
    const before = await contents("grouped");
    const looked = async (guarded: string) => {
      const smoke = await smokes.start("grouped", { SMOKE_UNLINKED: "1", GUARDED: guarded });
      const round = await smoke.once();
      expect(round["GET /admin/kinds/country/ as one of Desk"]).toBe("status 403");
      const [list] = smoke.events.filter(({ operation }) => operation === "GET /admin/kinds/person/ as one of Desk");
      expect(list?.error).toBeNull();
      expect(await smoke.end()).toBe(0);
      return list?.offers ?? [];
    };
    const offers = await looked("0");
    expect(offers).toEqual(expect.arrayContaining(["the action mark", "the field slug"]));
    expect(offers).not.toContain("a new row");
    expect(await looked("1")).toEqual(offers.filter((offer) => offer !== "the action mark"));
    expect(await contents("grouped")).toBe(before);
  });

  it("sees that a row is not deleted although nothing fails", async () => {
    await smokes.prepare("kept");
    await smokes.database.sql("kept", "CREATE RULE keep AS ON DELETE TO kinds_measurement DO INSTEAD NOTHING");
    const smoke = await smokes.start("kept");
    expect(failures(await smoke.once())).toEqual({
      "DELETE kinds.Measurement":
        "DELETE succeeds and the row is still there: a rule or a trigger of its table keeps it",
    });
    expect(await smoke.end()).toBe(0);
  });

  it("makes up rows where there are none", async () => {
    await smokes.prepare("empty");
    await smokes.database.sql("empty", "TRUNCATE kinds_country, kinds_measurement, kinds_place, kinds_hidden CASCADE");
    const smoke = await smokes.start("empty");
    // The address is of a record that is gone, and nothing tells it that low must be below high.
    expect(Object.keys(failures(await smoke.once()))).toEqual([
      "GET /people/<id>/",
      "UPDATE kinds.Measurement",
      "INSERT kinds.Measurement",
      "DELETE kinds.Measurement",
    ]);
    await smoke.end();
  });

  it("serves a project without administration, users and sessions", async () => {
    await smokes.prepare("bare");
    const smoke = await smokes.start("bare", { DJANGO_SETTINGS_MODULE: "site_config.settings.bare", SMOKE_PATHS: "/" });
    const round = await smoke.once();
    expect(failures(round)).toEqual({});
    expect(Object.keys(round)).toContain("INSERT kinds.Person");
    expect(Object.keys(round)).not.toContain("INSERT auth.User");
    await smoke.end();
  });

  it("keeps up traffic on the given tables, tells how long each operation waited, and outlives lost connections", async () => {
    await smokes.prepare("busy");
    const before = await contents("busy");
    const smoke = await smokes.start("busy");
    await smoke.once();
    const from = smoke.events.length;
    smoke.tell("traffic kinds_country");
    const since = (): Event[] => smoke.events.slice(from).filter(({ event }) => event === "operation");
    await until("traffic", () => Promise.resolve(since().length > 30 ? true : undefined));
    await smokes.database.sql(
      "busy",
      "BEGIN; LOCK TABLE kinds_country IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); ROLLBACK",
    );
    await until("three that waited", () =>
      Promise.resolve(since().filter(({ seconds = 0 }) => seconds > 0.7).length >= 3 ? true : undefined),
    );
    await smokes.database.sql("busy", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
    const cut = since().length;
    await until("traffic goes on", () =>
      Promise.resolve(
        since()
          .slice(cut)
          .filter(({ error }) => error === null).length > 30
          ? true
          : undefined,
      ),
    );
    smoke.tell("pause");
    const paused = (await smoke.next("paused", from)).at(-1);
    expect(paused?.operations).toBe(since().length);
    const errors = since().filter(({ error }) => error !== null);
    expect(errors.length).toBeLessThanOrEqual(3);
    // The last is what Django makes of it where a session was just being saved.
    for (const { error } of errors)
      expect(error).toMatch(/^OperationalError: (terminating|server closed the) connection|^UpdateError$/);
    const operations = new Set(since().map(({ operation }) => operation));
    for (const expected of ["GET /api/", "SELECT kinds.Country", "UPDATE kinds.Country", "INSERT kinds.Country"]) {
      expect(operations).toContain(expected);
    }
    expect(operations).not.toContain("GET /people/<id>/");
    expect(operations).not.toContain("INSERT kinds.Place");
    const longest = since().filter(({ seconds = 0 }) => seconds > 0.7);
    for (const { at = 0, seconds = 0 } of longest) {
      expect(seconds).toBeLessThan(3);
      expect(Math.abs(Date.now() / 1000 - at)).toBeLessThan(60);
    }
    // The connection of the rounds was cut too.
    expect(failures(await smoke.once())).toEqual({});
    expect(await contents("busy")).toBe(before);
    expect(await smoke.end()).toBe(0);
  });

  it("ends at once although an operation waits for a lock", async () => {
    await smokes.prepare("stuck");
    const smoke = await smokes.start("stuck");
    smoke.tell("traffic kinds_country");
    await until("traffic", () => Promise.resolve(smoke.events.length > 10 ? true : undefined));
    const held = smokes.database.sql("stuck", "BEGIN; LOCK TABLE kinds_country; SELECT pg_sleep(8); ROLLBACK");
    const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'stuck' AND wait_event_type = 'Lock'";
    await until("waiting operations", async () =>
      Number(await smokes.database.sql("postgres", waiting)) >= 2 ? true : undefined,
    );
    const began = Date.now();
    expect(await smoke.end()).toBe(0);
    expect(Date.now() - began).toBeLessThan(3000);
    await held;
  });

  it("refuses a line that is no command", async () => {
    await smokes.prepare("misled");
    const smoke = await smokes.start("misled");
    smoke.tell("twice");
    expect(await smoke.end()).toBe(1);
  });
});
