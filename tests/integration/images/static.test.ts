import path from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, buildMinimal, buildNginx, buildOver, buildPostgres, IMAGES } from "./builds.ts";
import { Bench, curl, execute, type Finished, finish, until, untilSaid } from "./support.ts";

const OLD = "images-test-static-old";
const NEW = "images-test-static-new";
const STATIC = "/home/guestbook/source/guestbook/static/guestbook";

const bench = new Bench();
let nginx: string;

beforeAll(async () => {
  nginx = await buildNginx();
  const application = await buildMinimal();
  // The next release: the style sheet has other content, and so another name, and a file is new.
  await buildOver(
    "images-test-minimal-restyled",
    application,
    { "guestbook.css": "body { color: rebeccapurple; }\n".repeat(100), "fresh.js": "console.log('fresh');\n" },
    `USER 0\nCOPY guestbook.css fresh.js ${STATIC}/\nRUN rm -rf /srv/static/* && /opt/rehearsal/run collectstatic\nUSER 10001:10001`,
  );
  await buildStatic(OLD, application);
  await buildStatic(NEW, "images-test-minimal-restyled");
}, 900_000);

afterAll(() => bench.remove());

async function buildStatic(tag: string, application: string): Promise<void> {
  await build({
    tag,
    context: path.join(IMAGES, "static"),
    buildArgs: { APPLICATION_IMAGE: application, NGINX_IMAGE: nginx },
  });
}

async function serve(
  image: string,
  release: string,
  volume: string,
  environment: Record<string, string> = {},
): Promise<Docker.Container> {
  const container = await bench.start({
    image,
    environment: { RELEASE: release, ...environment },
    volumes: { "/srv/static": volume },
  });
  await until("static files", async () =>
    (await curl(container, "http://127.0.0.1:8080/healthz")).exitCode === 0 ? true : undefined,
  );
  return container;
}

/** The hashed name of a file in the release that an image holds. */
async function hashedName(container: Docker.Container, file: string): Promise<string> {
  const { stdout } = await execute(container, ["cat", "/release/static/staticfiles.json"]);
  const name = (JSON.parse(stdout) as { paths: Record<string, string> }).paths[file];
  if (name === undefined) {
    throw new Error(`${file} is not in the manifest`);
  }
  return name;
}

function get(container: Docker.Container, url: string, ...options: string[]): Promise<Finished> {
  return curl(container, `http://127.0.0.1:8080${url}`, ...options);
}

async function status(container: Docker.Container, url: string): Promise<string> {
  return (await get(container, url, "-o", "/dev/null", "-w", "%{http_code}")).stdout;
}

async function headers(container: Docker.Container, url: string, ...options: string[]): Promise<string> {
  return (await get(container, url, "-o", "/dev/null", "-D", "-", ...options)).stdout.toLowerCase();
}

describe("the static image", { timeout: 120_000 }, () => {
  it("serves hashed names for ever, others for a while, and compressed to those who ask", async () => {
    const container = await serve(OLD, "r1", await bench.volume("headers"));
    const css = await hashedName(container, "guestbook/guestbook.css");
    expect(css).toMatch(/^guestbook\/guestbook\.[0-9a-f]{12}\.css$/);
    const hashed = await headers(container, `/static/${css}`);
    expect(hashed).toContain("200 ok");
    expect(hashed).toContain("cache-control: public, max-age=31536000, immutable");
    expect(hashed).toContain("content-type: text/css; charset=utf-8");
    expect(hashed).toContain("x-content-type-options: nosniff");
    expect(hashed).not.toContain("content-encoding");
    expect(await headers(container, "/static/guestbook/guestbook.css")).toContain(
      "cache-control: public, max-age=300\r\n",
    );

    const large = `/static/${await hashedName(container, "admin/css/base.css")}`;
    const compressed = await headers(container, large, "-H", "Accept-Encoding: gzip");
    expect(compressed).toContain("content-encoding: gzip");
    expect(compressed).toContain("vary: accept-encoding");
    const [plain, unpacked] = await Promise.all([get(container, large), get(container, large, "--compressed")]);
    expect(plain.stdout).toContain("font-family");
    expect(unpacked.stdout).toBe(plain.stdout);
  });

  it("serves the files of the old and the new release from every task, and tells which releases are there", async () => {
    const volume = await bench.volume("both");
    const before = await serve(OLD, "r1", volume);
    expect(await status(before, "/static/.releases/r1")).toBe("200");
    expect(await status(before, "/static/.releases/r2")).toBe("404");
    expect(await headers(before, "/static/.releases/r1")).toContain("cache-control: no-store");
    const after = await serve(NEW, "r2", volume);
    const [oldName, newName] = [
      await hashedName(before, "guestbook/guestbook.css"),
      await hashedName(after, "guestbook/guestbook.css"),
    ];
    expect(newName).not.toBe(oldName);
    for (const container of [before, after]) {
      for (const name of [oldName, newName, "guestbook/fresh.js", ".releases/r1", ".releases/r2"]) {
        expect(`${name} ${await status(container, `/static/${name}`)}`).toBe(`${name} 200`);
      }
    }
  });

  it("forgets files that belong only to releases beyond the newest, and keeps what a newer one shares", async () => {
    const container = await serve(OLD, "r0", await bench.volume("pruned"));
    const publish = async (release: string, ...names: string[]): Promise<void> => {
      const files = names
        .map((name) => `mkdir -p /tmp/next/${path.dirname(name)}; echo ${name} > '/tmp/next/${name}'`)
        .join("; ");
      const { stderr, exitCode } = await execute(container, [
        "sh",
        "-c",
        `rm -rf /tmp/next; mkdir /tmp/next; ${files}; publish.sh /tmp/next /srv/static ${release} 3`,
      ]);
      expect(stderr).toBe("");
      expect(exitCode).toBe(0);
    };
    await publish("r1", "only/in one.txt", "shared.txt");
    await publish("r2", "two.txt", "shared.txt");
    await publish("r3", "three.txt");
    await publish("r1", "only/in one.txt", "shared.txt");
    await publish("r4", "four.txt");
    const { stdout } = await execute(container, ["sh", "-c", "cd /srv/static; find . -type f | sort; ls -A .releases"]);
    expect(stdout.split("\n")).toEqual([
      "./.publishing",
      "./.releases/r1",
      "./.releases/r3",
      "./.releases/r4",
      "./four.txt",
      "./only/in one.txt",
      "./shared.txt",
      "./three.txt",
      "r1",
      "r3",
      "r4",
      "",
    ]);
  });

  it("shows a file whole while it is published again and again by two tasks at once", async () => {
    const container = await serve(OLD, "r1", await bench.volume("atomic"));
    const again = "for i in 1 2 3 4 5; do publish.sh /release/static /srv/static r1 || exit 1; done";
    const read =
      "want=$(sha256sum < /release/static/guestbook/guestbook.css); " +
      'for i in $(seq 300); do [ "$(sha256sum < /srv/static/guestbook/guestbook.css)" = "$want" ] || exit 1; done';
    const finished = await Promise.all([again, again, read].map((script) => execute(container, ["sh", "-c", script])));
    expect(finished.map(({ exitCode, stderr }) => `${exitCode}${stderr}`)).toEqual(["0", "0", "0"]);
    expect((await execute(container, ["ls", "-A", "/srv/static"])).stdout).not.toContain(".staging");
  });

  it("serves media without letting them run in the site's origin", async () => {
    const media = await bench.volume("media");
    const container = await bench.start({
      image: OLD,
      environment: { RELEASE: "r1" },
      volumes: { "/srv/static": await bench.volume("s"), "/srv/media": media },
    });
    await until("the server", async () => ((await get(container, "/healthz")).exitCode === 0 ? true : undefined));
    await execute(container, ["sh", "-c", "echo '<script>alert(1)</script>' > /srv/media/upload.html"]);
    const found = await headers(container, "/media/upload.html");
    expect(found).toContain("200 ok");
    expect(found).toContain("content-security-policy: default-src 'none'");
    expect(await status(container, "/media/../static/.releases/r1")).toBe("200");
    expect(await status(container, "/media/..%2f..%2fetc/passwd")).not.toBe("200");
  });

  it("serves below the path that the project uses", async () => {
    const container = await serve(OLD, "r1", await bench.volume("assets"), { STATIC_URL: "/assets/" });
    expect(await status(container, "/assets/guestbook/guestbook.css")).toBe("200");
    expect(await status(container, "/static/guestbook/guestbook.css")).toBe("404");
  });

  it.each([
    [{ RELEASE: "../r1" }, "RELEASE must be letters, digits"],
    [{}, "RELEASE must be letters, digits"],
    [
      { RELEASE: "r1", STATIC_URL: "https://cdn.example/static/" },
      "STATIC_URL must be a path with a slash at both ends",
    ],
    [{ RELEASE: "r1", MEDIA_URL: "/media" }, "MEDIA_URL must be a path with a slash at both ends"],
  ])("refuses %j", async (environment: Record<string, string>, message) => {
    const refused = await bench.run({
      image: OLD,
      environment,
      volumes: { "/srv/static": await bench.volume("refused") },
    });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).toContain("remedy:");
  });

  it("says so when its volume belongs to somebody else", async () => {
    const volume = await bench.volume("foreign");
    await bench.run({
      image: await buildPostgres(),
      command: ["touch", "/var/lib/postgresql/data/theirs"],
      volumes: { "/var/lib/postgresql/data": volume },
    });
    const refused = await bench.run({ image: OLD, environment: { RELEASE: "r1" }, volumes: { "/srv/static": volume } });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("/srv/static must be writable for uid 10001");
  });

  it("serves on after SIGTERM, and then ends cleanly", async () => {
    const container = await serve(OLD, "r1", await bench.volume("drained"), { DRAIN_SECONDS: "2" });
    await container.kill({ signal: "SIGTERM" });
    expect(await status(container, "/static/.releases/r1")).toBe("200");
    expect((await finish(container)).exitCode).toBe(0);
  });

  it("ends with its server's exit code when that dies", async () => {
    const container = await serve(OLD, "r1", await bench.volume("died"));
    await execute(container, ["sh", "-c", "kill -KILL $(cat /tmp/nginx.pid)"]);
    expect((await finish(container)).exitCode).toBe(137);
  });
});

describe("the nginx image", { timeout: 60_000 }, () => {
  it("runs without root, capabilities or a writable root filesystem, and stops gracefully", async () => {
    const container = await bench.start({ image: nginx });
    await until("the server", async () => ((await get(container, "/healthz")).stdout === "ok\n" ? true : undefined));
    await untilSaid(container, "start worker processes");
    await container.stop({ t: 20 });
    expect((await finish(container)).stderr).toContain("signal 3 (SIGQUIT) received, shutting down");
    expect((await container.inspect()).State.ExitCode).toBe(0);
  });
});
