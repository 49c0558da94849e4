import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BuildError,
  buildApplication,
  buildMinimal,
  buildNginx,
  buildOver,
  buildProject,
  IMAGES,
  MINIMAL,
} from "./builds.ts";
import { startDatabase } from "./database.ts";
import { Bench, curl, directoryOf, docker, execute, extraCertificates, until } from "./support.ts";

const PROJECT = "images-test-django-project";
const APPLICATION = "images-test-django";

const bench = new Bench();
/** The second project in the form that images/django builds, with WSGI and without an application server. */
let project: string;

beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), "images-test-"));
  await cp(path.join(MINIMAL, "source"), project, { recursive: true });
  const pinned = await readFile(path.join(MINIMAL, "deploy/requirements.txt"), "utf8");
  await writeFile(path.join(project, "pinned.txt"), `# by a tool\n${pinned}`);
  await writeFile(path.join(project, "requirements.txt"), "-r pinned.txt\n");
  await writeFile(
    path.join(project, "site_config/wsgi.py"),
    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
  );
  const settings = path.join(project, "site_config/settings/deployed.py");
  await writeFile(settings, `${await readFile(settings, "utf8")}\nWSGI_APPLICATION = "site_config.wsgi.application"\n`);
  await mkdir(path.join(project, ".venv"));
  for (const file of [".env", ".env.local", ".venv/pyvenv.cfg", "guestbook/.env"])
    await writeFile(path.join(project, file), "A=1\n");
  await buildProject(PROJECT, project);
  await buildApplication(APPLICATION, PROJECT, { SETTINGS_MODULE: "site_config.settings.deployed" });
}, 900_000);

afterAll(async () => {
  await bench.remove();
  await rm(project, { recursive: true, force: true });
});

/** What a build that must fail printed. */
async function refusal(building: Promise<unknown>): Promise<string> {
  const error: unknown = await building.then(
    () => new Error("it built"),
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(BuildError);
  return (error as BuildError).log;
}

async function refusedProject(files: Record<string, string>): Promise<string> {
  const context = await directoryOf(files);
  try {
    return await refusal(buildProject("images-test-refused", context.path));
  } finally {
    await context.remove();
  }
}

describe("images/django", { timeout: 300_000 }, () => {
  it("says that manage.py is missing, what is there, and what to do", async () => {
    const log = await refusedProject({ "requirements.txt": "", "src/manage.py": "" });
    expect(log).toContain("rule:   the project's directory (app.source) holds manage.py");
    expect(log).toMatch(/found: {2}.*requirements\.txt src/);
    expect(log).toContain("remedy: point app.source at the directory that holds manage.py");
  });

  it("says that the requirements are missing, and how to write them", async () => {
    const log = await refusedProject({ "manage.py": "", "pyproject.toml": "" });
    expect(log).toContain("rule:   the dependencies are pinned with hashes in requirements.txt");
    expect(log).toMatch(/found: {2}no such file beside .*pyproject\.toml/);
    expect(log).toContain("remedy: write it with 'uv export");
  });

  it.each([
    ["django==5.2.19\n", "django==5.2.19;"],
    ["# a comment\n\ndjango>=5\nasgiref==3.13.0 \\\n    --hash=sha256:00\n", "django>=5;"],
    ["-e .\n", "-e .;"],
  ])("names requirements without a hash: %j", async (requirements, found) => {
    const log = await refusedProject({ "manage.py": "", "requirements.txt": requirements });
    expect(log).toContain("rule:   every requirement in requirements.txt is one exact version with its hashes");
    expect(log).toContain(`found:  ${found}\n`);
  });

  it("follows requirements that name other files", async () => {
    const log = await refusedProject({
      "manage.py": "",
      "requirements.txt": "-r more/base.txt\n",
      "more/base.txt": "django\n",
    });
    expect(log).toContain("rule:   every requirement in ./more/base.txt is one exact version");
    const missing = await refusedProject({ "manage.py": "", "requirements.txt": "--constraint=absent.txt\n" });
    expect(missing).toContain("pinned with hashes in ./absent.txt (named by requirements.txt)");
  });

  it("does not install the dependencies again when the source changes", async () => {
    const install = /Step \d+\/\d+ : RUN .*pip install[^\n]*\n ---> (\S+)/;
    await writeFile(path.join(project, "guestbook/changed.py"), `CHANGED = "${String(Date.now())}"\n`);
    const changed = await buildProject(PROJECT, project);
    expect(install.exec(changed)?.[1]).toBe("Using");
    await writeFile(
      path.join(project, "pinned.txt"),
      `# ${String(Date.now())}\n${await readFile(path.join(project, "pinned.txt"), "utf8")}`,
    );
    expect(install.exec(await buildProject(PROJECT, project))?.[1]).toBe("Running");
  });

  it("leaves neither compiler, nor pip, nor the extra certificate authorities in what runs", async () => {
    const tools = await bench.run({
      image: APPLICATION,
      command: ["sh", "-c", "for tool in gcc cc pip pip3; do command -v $tool; done; python3 -c 'import pip'"],
    });
    expect(tools.stdout).toBe("");
    expect(tools.stderr).toContain("No module named 'pip'");
    const extra = Buffer.from(await extraCertificates(), "base64").toString();
    const bodies = [...extra.matchAll(/-----BEGIN CERTIFICATE-----\n([^-]+)/g)].map(
      ([, body]) => (body ?? "").split("\n")[1] ?? "",
    );
    const history = JSON.stringify(await docker.getImage(APPLICATION).history());
    for (const line of bodies) {
      const search = await bench.run({
        image: APPLICATION,
        command: ["grep", "-rlF", "-e", line, "/etc", "/opt", "/app", "/usr/share", "/usr/local"],
      });
      expect(search.stdout).toBe("");
      expect(history).not.toContain(Buffer.from(line).toString("base64").slice(4, 40));
    }
  });

  it("holds nothing of a developer's machine, whether or not .dockerignore names it", async () => {
    const { stdout } = await bench.run({
      image: PROJECT,
      command: ["find", "/app", "-name", ".env*", "-o", "-name", "*venv"],
    });
    expect(stdout).toBe("");
    const kept = await bench.run({ image: PROJECT, command: ["ls", "/app/manage.py"] });
    expect(kept.exitCode).toBe(0);
  });

  it("holds its modules compiled, since nothing can be written when it runs", async () => {
    const { stdout } = await bench.run({
      image: APPLICATION,
      command: [
        "sh",
        "-c",
        "ls /app/guestbook/__pycache__ /opt/rehearsal/rehearsal_runtime/__pycache__ /opt/venv/lib/python3*/site-packages/django/__pycache__",
      ],
    });
    expect(stdout).toMatch(/views\.cpython-\d+\.pyc/);
    expect(stdout).toMatch(/supervise\.cpython-\d+\.pyc/);
    expect(stdout).toMatch(/shortcuts\.cpython-\d+\.pyc/);
  });

  it("serves with the bundled application server where the project brings none", async () => {
    const database = await startDatabase(bench);
    await database.create("guestbook");
    const service = {
      image: APPLICATION,
      environment: {
        DJANGO_SETTINGS_MODULE: "site_config.settings.deployed",
        DJANGO_ALLOWED_HOSTS: "guestbook.example",
        DRAIN_SECONDS: "0",
      },
      secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url("guestbook") },
    };
    expect((await bench.run({ ...service, command: ["/opt/rehearsal/run", "migrate"] })).exitCode).toBe(0);
    const container = await bench.start({ ...service, aliases: ["application"] });
    const client = await bench.start({ image: await buildNginx() });
    const page = await until("a page", async () => {
      const { stdout } = await curl(
        client,
        "http://application:8000/",
        "-H",
        "Host: guestbook.example",
        "-H",
        "X-Forwarded-Proto: https",
      );
      return stdout.includes("Nobody yet.") ? stdout : undefined;
    });
    // The names of the pages' files are those that the image itself holds.
    expect(page).toMatch(/href="\/static\/guestbook\/guestbook\.[0-9a-f]{12}\.css"/);
    const { stdout } = await execute(container, [
      "sh",
      "-c",
      "tr '\\0' ' ' < /proc/$(cat /proc/1/task/1/children | cut -d' ' -f1)/cmdline",
    ]);
    expect(stdout).toContain("/opt/rehearsal gunicorn");
    await container.stop({ t: 30 });
    expect((await container.inspect()).State.ExitCode).toBe(0);
  });
});

describe("images/runtime", { timeout: 300_000 }, () => {
  it("refuses an image whose python3 has no Django, and says which python3 that is", async () => {
    await buildOver("images-test-plain", "debian:trixie-slim", {}, "RUN true");
    const without = await refusal(buildApplication("images-test-refused", "images-test-plain"));
    expect(without).toContain("rule:   python3 on PATH is the project's interpreter, Python 3.10 or newer");
    await buildOver("images-test-other-path", PROJECT, {}, "ENV PATH=/usr/bin:/bin");
    const outside = await refusal(buildApplication("images-test-refused", "images-test-other-path"));
    expect(outside).toContain("rule:   python3 on PATH can import django");
    expect(outside).toContain("found:  /usr/bin/python3 cannot");
  });

  it("refuses packages that only root may read, though a build as root finds them", async () => {
    await buildOver(
      "images-test-for-root",
      "debian:trixie-slim",
      {},
      [
        "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 >/dev/null",
        "RUN mkdir -p /root/.local/lib/python3.13/site-packages/django && touch /root/.local/lib/python3.13/site-packages/django/__init__.py",
      ].join("\n"),
    );
    const log = await refusal(buildApplication("images-test-refused", "images-test-for-root"));
    expect(log).toContain("rule:   the project's packages lie where user 10001, who runs the tasks, may read them");
    expect(log).toContain("found:  Django in /root/.local/lib/python3.13/site-packages/django/__init__.py");
  });

  it("shows what the settings lack when static files cannot be collected", async () => {
    const needing = "images-test-needing";
    await buildOver(
      needing,
      PROJECT,
      { "needing.py": 'import os\nfrom site_config.settings.deployed import *\nMAIL_HOST = os.environ["MAIL_HOST"]\n' },
      "COPY needing.py /app/",
    );
    const log = await refusal(buildApplication("images-test-refused", needing, { SETTINGS_MODULE: "needing" }));
    expect(log).toContain("KeyError: 'MAIL_HOST'");
    expect(log).toContain("give what the settings need in COLLECT_ENVIRONMENT");
    const given = await buildApplication("images-test-given", needing, {
      SETTINGS_MODULE: "needing",
      COLLECT_ENVIRONMENT: '{"MAIL_HOST": "mail"}',
    });
    expect(given).toContain("static files, compressed");
  });

  it("shows a reference to a file that does not exist", async () => {
    const broken = "images-test-broken-reference";
    await buildOver(
      broken,
      PROJECT,
      { "broken.css": "body { background: url(absent.png); }\n" },
      "COPY broken.css /app/guestbook/static/guestbook/",
    );
    const log = await refusal(
      buildApplication("images-test-refused", broken, { SETTINGS_MODULE: "site_config.settings.deployed" }),
    );
    expect(log).toMatch(/static files must be collectable.*The file 'guestbook\/absent\.png' could not be found/);
  });

  it("refuses settings that ignore STATIC_ROOT", async () => {
    await buildOver(
      "images-test-elsewhere",
      PROJECT,
      { "elsewhere.py": 'from site_config.settings.deployed import *\nSTATIC_ROOT = "/app/static"\n' },
      "COPY elsewhere.py /app/",
    );
    const log = await refusal(
      buildApplication("images-test-refused", "images-test-elsewhere", { SETTINGS_MODULE: "elsewhere" }),
    );
    expect(log).toContain("the settings must take STATIC_ROOT from the environment (/srv/static); found '/app/static'");
  });

  it("passes its own tests on the interpreter that it ships with", async () => {
    const directory = path.join(IMAGES, "runtime/tests");
    const names = (await readdir(directory)).filter((name) => name.endsWith(".py"));
    const files = await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(directory, name), "utf8")] as const),
    );
    const image = "images-test-runtime-tests";
    await buildOver(image, await buildMinimal(), Object.fromEntries(files), "COPY *.py /opt/rehearsal/tests/");
    const finished = await bench.run({
      image,
      command: ["sh", "-c", "cd /opt/rehearsal && python3 -m unittest discover -t . -s tests"],
    });
    expect(finished.stderr).toMatch(/Ran \d{2,} tests[\s\S]*\nOK\n$/);
  });
});
