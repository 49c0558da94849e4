import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunContext } from "../../../../rehearsal/run/context.ts";
import { servedAtOnce } from "../../../../rehearsal/run/database/connection-users.ts";
import type { DeclaredObject } from "../../../../rehearsal/run/declaration.ts";
import { type ImageFiles, imageFiles } from "../../../../rehearsal/run/image-files.ts";
import { checkoutOf } from "../../../../rehearsal/run/prepare/checkout.ts";
import { type FilesState, leftOutFindings } from "../../../../rehearsal/run/prepare/left-out.ts";
import { serverConfigurationFindings } from "../../../../rehearsal/run/prepare/server-configuration.ts";
import { prepare } from "../../../../rehearsal/run/prepare/step.ts";
import { configurationFile } from "../../../../rehearsal/run/server-command.ts";
import { printing } from "../inspected.ts";

const CONFIGURATION = 'wsgi_app = "shop.wsgi"\nworkers = 4\nthreads = 4\ntimeout = 60\n';

function folder(files: Readonly<Record<string, string>> = {}): string {
  const made = mkdtempSync(path.join(tmpdir(), "rehearsal-left-out-"));
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(made, name)), { recursive: true });
    writeFileSync(path.join(made, name), text);
  }
  return made;
}

function service(command: readonly string[], env: Record<string, string> = {}, name = "shop-app"): DeclaredObject {
  const containerSpec = {
    commands: ["/opt/rehearsal/run", "serve", "--", ...command],
    env,
    secrets: [{ fileName: "/run/secrets/DATABASE_URL" }],
  };
  return {
    name,
    id: name,
    modified: "",
    inputs: { taskSpec: { containerSpec }, mode: { replicated: { replicas: 2 } } },
  };
}

const GUNICORN = ["gunicorn", "shop.wsgi"];

/** A run in which the release's image says what is in it; undefined for one whose runtime layer does not know. */
async function runWith(image: ImageFiles | undefined, source: string, reports = source) {
  const said = image === undefined ? "usage: run\n" : `${JSON.stringify(image)}\n`;
  const { engine } = await printing(said, image === undefined ? 2 : 0, {}, { "GET /info": { status: 200, body: {} } });
  const context = {
    ...{ environment: "shop", release: "now", source, reports, engine: engine.docker, variables: [] },
    process: { image: "shop/application:now", environment: {}, secrets: {}, memoryBytes: 1 },
    declaration: { services: [service(GUNICORN), service(["nginx"], {}, "shop-gateway")] },
    logins: [{ role: "app", address: { username: "app", host: "127.0.0.1", port: 1 } }],
    site: { hostnames: ["shop.test"], maxBodyMiB: 10 },
  } as unknown as RunContext;
  return { context, engine };
}

describe("the server's configuration", () => {
  it("is the file that gunicorn looks for", () => {
    const file = (command: string[], variables = {}) => configurationFile({ command, variables });
    expect(file(["/venv/bin/gunicorn", "shop.wsgi"])).toBe("gunicorn.conf.py");
    expect(file([])).toBe("gunicorn.conf.py");
    expect(file(["gunicorn", "-c", "./deploy/server.py"])).toBe("deploy/server.py");
    expect(file(["gunicorn", "--config=file:server.py"])).toBe("server.py");
    expect(file(["gunicorn", "--config", "python:shop.server"])).toBe("shop/server.py");
    expect(file(GUNICORN, { GUNICORN_CMD_ARGS: "--config server.py" })).toBe("server.py");
    expect(file(["uvicorn", "shop.asgi"])).toBeUndefined();
  });

  it("is asked of the image, once for all steps, and tells how many are served at a time", async () => {
    const source = folder({ "gunicorn.conf.py": CONFIGURATION });
    const image = { folder: "/app", files: ["manage.py"], texts: { "gunicorn.conf.py": "workers = 3\nthreads = 2\n" } };
    const { context, engine } = await runWith(image, source);
    expect(await servedAtOnce(context)).toBe(12);
    await imageFiles(context);
    const created = engine.requests.filter(({ call }) => call === "POST /containers/create");
    expect(created).toHaveLength(1);
    expect(created[0]?.body).toMatchObject({
      Cmd: ["/opt/rehearsal/run", "files", "--secrets-from-stdin"],
      Env: ['FILES_ASKED=["gunicorn.conf.py"]'],
      Image: "shop/application:now",
    });
  });

  it("is the server's own defaults where the image has no file, whatever the checkout has", async () => {
    const source = folder({ "gunicorn.conf.py": CONFIGURATION });
    const { context } = await runWith({ folder: "/app", files: [], texts: { "gunicorn.conf.py": null } }, source);
    expect(await servedAtOnce(context)).toBe(2);
  });

  it("is that of the checkout where the image cannot be asked", async () => {
    const { context } = await runWith(undefined, folder({ "gunicorn.conf.py": CONFIGURATION }));
    expect(await servedAtOnce(context)).toBe(32);
  });

  const without = (name = "gunicorn.conf.py"): ImageFiles => ({ folder: "/app", files: [], texts: { [name]: null } });

  it("stops the release where the checkout has it and the image has not", () => {
    const source = folder({ "gunicorn.conf.py": CONFIGURATION });
    for (const before of [undefined, ["manage.py", "gunicorn.conf.py"]]) {
      const [found] = serverConfigurationFindings([service(GUNICORN)], without(), source, before);
      expect(found).toMatchObject({
        id: "prepare.server-configuration",
        severity: "blocking",
        subject: "gunicorn.conf.py",
      });
      expect(found?.cause).toBe(
        "the checkout has it, and the image has none where the server of shop-app looks for it (/app): workers, threads, timeout are as without it",
      );
    }
    const absolute = service(["gunicorn", "-c", "/app/gunicorn.conf.py"]);
    expect(serverConfigurationFindings([absolute], without("/app/gunicorn.conf.py"), source, undefined)).toMatchObject([
      { severity: "blocking", subject: "gunicorn.conf.py" },
    ]);
  });

  it("only warns where the release before had none in its image either", () => {
    const source = folder({ "gunicorn.conf.py": CONFIGURATION });
    const [found] = serverConfigurationFindings([service(GUNICORN)], without(), source, ["manage.py"]);
    expect(found?.severity).toBe("warning");
    expect(found?.cause).toContain("are as without it, as with the release before");
  });

  it("is not missed where it is there, is nobody's, or sets nothing that the command does not", () => {
    const source = folder({ "gunicorn.conf.py": CONFIGURATION });
    const findings = (declared: DeclaredObject, image = without(), at = source) =>
      serverConfigurationFindings([declared], image, at, undefined);
    expect(findings(service(GUNICORN), { ...without(), texts: { "gunicorn.conf.py": "" } })).toEqual([]);
    expect(findings(service(GUNICORN), without(), folder())).toEqual([]);
    expect(findings(service(["uvicorn", "shop.asgi"]), { ...without(), texts: {} })).toEqual([]);
    expect(findings(service([...GUNICORN, "-w", "4", "--threads=4", "--timeout", "60"]))).toEqual([]);
    expect(findings(service(GUNICORN, { WEB_CONCURRENCY: "4", GUNICORN_CMD_ARGS: "--threads=4 -t 60" }))).toEqual([]);
    const log = folder({ "gunicorn.conf.py": 'accesslog = "-"\nkeepalive = 5\n' });
    expect(findings(service([...GUNICORN, "--access-logfile=-", "--keep-alive", "5"]), without(), log)).toEqual([]);
  });
});

describe("files that left the image", () => {
  const PROJECT = [
    "manage.py",
    "shop/models.py",
    "shop/urls.py",
    "shop/views.py",
    "data/airports.csv",
    "data/zones.csv",
  ];
  const earlier = (...files: string[]): FilesState => ({
    ...{ version: 1, environment: "shop", release: "old1", takenAt: "2026-01-01T00:00:00Z" },
    files: [...PROJECT, ...files],
  });
  const found = (now: readonly string[], then: FilesState | undefined, has: (file: string) => boolean = () => true) =>
    leftOutFindings(now, then, has).map(({ severity, subject }) => `${severity} ${subject}`);
  const less = (...gone: string[]) => PROJECT.filter((file) => !gone.includes(file));

  it("stop the release where the checkout has them still, folder by folder", () => {
    const [one] = leftOutFindings(less("shop/urls.py"), earlier(), () => true);
    expect(one).toMatchObject({ id: "prepare.left-out-file", severity: "blocking", subject: "shop/urls.py" });
    expect(one?.cause).toBe(
      "the image of release old1 had shop/urls.py, which the checkout still has and the image of this release has not",
    );
    const [both] = leftOutFindings(less("data/airports.csv", "data/zones.csv"), earlier(), () => true);
    expect(both).toMatchObject({ subject: "data/", evidence: ["data/airports.csv", "data/zones.csv"] });
    expect(both?.cause).toContain("had 2 files in data/, which the checkout still has");
    expect(found(less("shop/urls.py", "shop/views.py", "manage.py"), earlier())).toEqual([
      "blocking manage.py",
      "blocking shop/urls.py and 1 more",
    ]);
  });

  it("are none without a release before, where all are there, and of what the checkout has not either", () => {
    expect(found([], undefined)).toEqual([]);
    expect(found([...PROJECT, "shop/new.py"], earlier())).toEqual([]);
    expect(found(less("shop/urls.py"), earlier(), (file) => file !== "shop/urls.py")).toEqual([]);
  });

  it.each([
    ...["shop/tests/test_urls.py", "functional_tests/a.py", "shop/test_urls.py", "shop/tests.py", "conftest.py"],
    ...["README.md", "docs/index.html", "LICENSE", "Dockerfile", "compose.prod.yaml", "Makefile", "pytest.ini"],
    ...["requirements-dev.txt", "requirements/base.in", "uv.lock", "package.json", "vite.config.ts", ".env.example"],
    ...["shop/locale/de/LC_MESSAGES/django.po", "debug.log", "db.sqlite3", ".github/workflows/ci.yml"],
  ])("may be tests, documents and tools: %s", (file) => {
    expect(found(PROJECT, earlier(file))).toEqual([]);
  });

  it.each([
    ...["shop/tasks.py", "shop/history.py", "shop/contest/latest.py", "shop/locale/de/LC_MESSAGES/django.mo"],
    ...["shop/templates/mail/welcome.txt", "static/robots.txt", "shop/fixtures/tags.json"],
  ])("may not be what a release works with: %s", (file) => {
    expect(leftOutFindings(PROJECT, earlier(file), () => true)).toMatchObject([{ evidence: [file] }]);
  });

  it("are none where the image is laid out otherwise", () => {
    expect(
      found(
        PROJECT.map((file) => `src/${file}`),
        earlier(),
      ),
    ).toEqual([]);
    const down = { ...earlier(), files: PROJECT.map((file) => `src/${file}`) };
    expect(found(PROJECT, down)).toEqual([]);
    expect(found([...less("shop/urls.py"), "other/shop/urls.py"], earlier())).toEqual(["blocking shop/urls.py"]);
  });

  it("are in the checkout where git has them, and without git where they lie there", () => {
    const source = folder({ "kept.py": "", "cache/a.bin": "" });
    const { has: plain } = checkoutOf(source, []);
    expect([plain("kept.py"), plain("cache/a.bin"), plain("gone.py")]).toEqual([true, true, false]);
    const git = (...words: string[]) => execFileSync("git", ["-C", source, ...words], { stdio: "ignore" });
    git("init");
    git("add", "kept.py");
    const { has: tracked } = checkoutOf(source, []);
    expect([tracked("kept.py"), tracked("cache/a.bin")]).toEqual([true, false]);
    rmSync(path.join(source, "kept.py"));
    expect(tracked("kept.py")).toBe(false);
  });

  it("are looked for in the folder that the Dockerfile copies", () => {
    const source = folder({ Dockerfile: "", "source/manage.py": "", "source/shop/a.py": "", "deploy/manage.py": "" });
    const { folder: copied, has } = checkoutOf(source, ["manage.py", "shop/a.py"]);
    expect(copied).toBe(path.join(source, "source/"));
    expect([has("shop/a.py"), has("source/shop/a.py"), has("Dockerfile")]).toEqual([true, false, false]);
    expect(checkoutOf(source, ["source/manage.py", "Dockerfile"]).folder).toBe(source);
  });

  it("are told of by step prepare, which keeps what it saw where it stops nothing", async () => {
    const reports = folder();
    const source = folder({ "gunicorn.conf.py": CONFIGURATION, "data/zones.csv": "" });
    const texts = { "gunicorn.conf.py": CONFIGURATION };
    const full: ImageFiles = { folder: "/app", files: ["data/zones.csv", "gunicorn.conf.py", "shop/a.py"], texts };
    const ids = async (image: ImageFiles, release: string) => {
      const { context } = await runWith(image, source, reports);
      const { findings } = await prepare.run({ ...context, release });
      return findings.filter(({ id }) => /left-out|server-conf/.test(id)).map(({ id, subject }) => `${id} ${subject}`);
    };
    expect(await ids(full, "old1")).toEqual([]);
    const lacking = { ...full, files: ["shop/a.py"], texts: { "gunicorn.conf.py": null } };
    const told = ["prepare.server-configuration gunicorn.conf.py", "prepare.left-out-file data/"];
    expect(await ids(lacking, "new1")).toEqual(told);
    expect(await ids(lacking, "new1")).toEqual(told);
    expect(await ids({ ...lacking, files: null }, "new2")).toEqual(told.slice(0, 1));
    expect(await ids(full, "new3")).toEqual([]);
  });
});
