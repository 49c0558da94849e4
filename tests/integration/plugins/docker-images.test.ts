import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LoopbackRegistry, startRegistry } from "./docker-registry.ts";
import { type DockerProject, docker, dockerProject, driftOf, exists } from "./docker-support.ts";

const DOCKERFILE = `FROM rehearsal-test-tiny:1 AS base
ARG GREETING=unset
ARG TOKEN
RUN echo "$GREETING" > /greeting
FROM base AS wanted
COPY . /app
FROM base AS unwanted
RUN exit 9
`;

const imageProgram = (build = "", more = ""): string => `
  const image = new docker.Image("docker-test-image", {
    imageName: "docker-test-built:1",
    skipPush: true,
    ${more}
    build: { context: "context", dockerfile: "files/Dockerfile", target: "wanted", platform: "linux/amd64",
      args: { GREETING: "hello", TOKEN: pulumi.secret("build-secret") }, ${build} },
  });
  export const digest = image.repoDigest;
  export const name = image.imageName;
`;

async function run(image: string, ...command: string[]): Promise<string> {
  const container = await docker.createContainer({ Image: image, Cmd: command, Tty: true });
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true, follow: false })).toString().replaceAll("\r", "").trim();
  } finally {
    await container.remove({ force: true });
  }
}

async function removeImages(...names: string[]): Promise<void> {
  for (const name of names) {
    if (await exists(() => docker.getImage(name).inspect())) await docker.getImage(name).remove({ force: true });
  }
}

describe("docker images", { timeout: 120_000 }, () => {
  let project: DockerProject;
  const put = async (name: string, content: string): Promise<void> => {
    const file = path.join(project.directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  beforeAll(async () => {
    project = await dockerProject();
    await put("files/Dockerfile", DOCKERFILE);
    await put("context/.dockerignore", "*.log\nsecrets\n!secrets/public.txt\n");
    await put("context/main.txt", "content");
    await put("context/debug.log", "noise");
    await put("context/secrets/private.txt", "private");
    await put("context/secrets/public.txt", "public");
  }, 120_000);
  afterAll(async () => {
    await project.end();
    await removeImages("docker-test-built:1", "docker-test-tagged:2");
  }, 120_000);

  test("are not built by a preview, which knows the name and not the digest", async () => {
    await project.program(imageProgram());
    const output = await project.succeed("preview");
    expect(output).toContain('name  : "docker-test-built:1"');
    expect(output).toContain("digest: [unknown]");
    expect(await exists(() => docker.getImage("docker-test-built:1").inspect())).toBe(false);
  });

  test("are built from a Dockerfile outside of the context, with arguments and target, without what is ignored", async () => {
    await project.deploy(imageProgram());
    const { digest } = await project.outputs();
    expect((await docker.getImage("docker-test-built:1").inspect()).Id).toBe(digest);
    expect(await run("docker-test-built:1", "cat", "/greeting")).toBe("hello");
    expect((await run("docker-test-built:1", "find", "/app", "-type", "f")).split("\n").sort()).toEqual([
      "/app/main.txt",
      "/app/secrets/public.txt",
    ]);
  });

  test("show no difference, before and after a refresh, while nothing that is built changes", async () => {
    await put("context/debug.log", "other noise");
    expect(await project.plan(imageProgram())).toEqual({});
    expect(await driftOf(project)).toEqual({});
    expect(await project.plan(imageProgram())).toEqual({});
  });

  test("never show a secret argument in the state", async () => {
    expect((await project.state()).text).not.toContain("build-secret");
  });

  test("are built anew under the same name when the context, the Dockerfile or an argument changes", async () => {
    const { digest: before } = await project.outputs();
    await put("context/main.txt", "new content");
    expect(await project.plan(imageProgram())).toEqual({ "docker-test-image": "update" });
    await project.deploy(imageProgram());
    const { digest: after } = await project.outputs();
    expect(after).not.toBe(before);
    expect(await run("docker-test-built:1", "cat", "/app/main.txt")).toBe("new content");
    await put("files/Dockerfile", `${DOCKERFILE}# a comment\n`);
    expect(await project.plan(imageProgram())).toEqual({ "docker-test-image": "update" });
    await put("files/Dockerfile", DOCKERFILE);
    expect(await project.plan(imageProgram().replace('"hello"', '"goodbye"'))).toEqual({
      "docker-test-image": "update",
    });
  });

  test("are built by a preview with buildOnPreview", async () => {
    await removeImages("docker-test-built:1");
    await put("context/main.txt", "previewed");
    await project.program(imageProgram("", "buildOnPreview: true,"));
    const output = await project.succeed("preview");
    expect(output).toMatch(/digest: "sha256:[0-9a-f]{64}" => "sha256:[0-9a-f]{64}"/);
    expect(await run("docker-test-built:1", "cat", "/app/main.txt")).toBe("previewed");
    await project.deploy(imageProgram());
  });

  test("that fail show the failing step and its last lines, and the next update tries again", async () => {
    await put("files/Failing", `FROM rehearsal-test-tiny:1\nRUN echo fine\nRUN echo "cannot compile"; exit 3\n`);
    const failing = imageProgram().replace("files/Dockerfile", "files/Failing").replace('target: "wanted", ', "");
    await project.program(failing);
    for (const attempt of [1, 2]) {
      const { code, output } = await project.pulumi("up", "--yes", "--skip-preview");
      expect(code, `attempt ${attempt}`).not.toBe(0);
      expect(output).toContain(`in Step 3/3 : RUN echo "cannot compile"; exit 3`);
      expect(output).toContain("returned a non-zero code: 3");
      expect(output).toContain("  cannot compile");
    }
    await project.deploy(imageProgram());
  });

  test("say where the Dockerfile was looked for, and what a pushed image's name needs", async () => {
    await put("context/Dockerfile", DOCKERFILE);
    await project.program(imageProgram().replace("files/Dockerfile", "./Dockerfile"));
    expect((await project.pulumi("preview")).output).toContain('try "context/Dockerfile"');
    await project.program(imageProgram().replace("skipPush: true,", ""));
    expect((await project.pulumi("preview")).output).toContain("must begin with its registry");
  });

  test("can be given another name", async () => {
    const program = `
      const tag = new docker.Tag("docker-test-tag", { sourceImage: "rehearsal-test-tiny:1", targetImage: "docker-test-tagged:2" });
      export const source = tag.sourceImageId;
    `;
    await project.deploy(program);
    const { source } = await project.outputs();
    expect((await docker.getImage("docker-test-tagged:2").inspect()).Id).toBe(source);
    expect(await project.plan(program)).toEqual({});
  });
});

describe("docker images and a registry", { timeout: 120_000 }, () => {
  let project: DockerProject;
  let registry: LoopbackRegistry;
  beforeAll(async () => {
    project = await dockerProject();
    registry = await startRegistry("user", "registry-password");
    // Not the project's own folder: the program there changes from test to test.
    const folder = path.join(project.directory, "pushed");
    await mkdir(folder);
    await writeFile(path.join(folder, "Dockerfile"), "FROM rehearsal-test-tiny:1\nRUN echo pushed > /pushed\n");
  }, 120_000);
  afterAll(async () => {
    await project.end();
    await registry.close();
  }, 120_000);
  const pushed = (password: string): string => `
    const image = new docker.Image("docker-test-pushed", {
      imageName: "${registry.address}/team/app:1",
      build: { context: "pushed" },
      registry: { server: "${registry.address}", username: "user", password: "${password}" },
    });
    export const digest = image.repoDigest;
  `;

  test("are pushed with the login that is given, and named by their digest there", async () => {
    await project.deploy(pushed("registry-password"));
    const { digest } = await project.outputs();
    expect(digest).toBe(`${registry.address}/team/app@${registry.manifests.get("team/app:1") ?? ""}`);
    expect((await project.state()).text).not.toContain("registry-password");
    // A login that is renewed does not make another image.
    expect(await project.plan(pushed("other-password"))).toEqual({});
  });

  test("fail with the registry's words when the login is refused", async () => {
    await project.program(
      pushed("wrong-password").replace("app:1", "other:1").replace("docker-test-pushed", "docker-test-denied"),
    );
    const { code, output } = await project.pulumi("up", "--yes", "--skip-preview", "--target-dependents");
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /Pushing the image "127\.0\.0\.1:\d+\/team\/other:1" failed: .*(unauthorized|no basic auth)/,
    );
    await removeImages(`${registry.address}/team/other:1`);
  });

  test("are pulled where the engine lacks them, and removed with the resource unless kept", async () => {
    const name = `${registry.address}/team/app:1`;
    await removeImages(name);
    const remote = (options: string): string => `
      const provider = new docker.Provider("docker-test-provider", {
        registryAuth: [{ address: "${registry.address}", username: "user", password: "registry-password" }],
      });
      const image = new docker.RemoteImage("docker-test-remote", { name: "${name}", ${options} }, { provider });
      export const id = image.imageId;
      export const digest = image.repoDigest;
    `;
    await project.deploy(remote(""));
    const { id, digest } = await project.outputs();
    expect((await docker.getImage(name).inspect()).Id).toBe(id);
    expect(digest).toBe(`${registry.address}/team/app@${registry.manifests.get("team/app:1") ?? ""}`);
    expect(await project.plan(remote(""))).toEqual({});
    expect(await driftOf(project)).toEqual({});
    expect(await project.plan(remote("keepLocally: true"))).toEqual({ "docker-test-remote": "update" });
    expect(await project.plan(remote('pullTriggers: ["1"]'))).toEqual({ "docker-test-remote": "replace" });
    await removeImages(name);
    expect(await driftOf(project)).toEqual({ "docker-test-remote": "deleted" });
    await project.deploy(remote("keepLocally: true"));
    await project.deploy("");
    expect(await exists(() => docker.getImage(name).inspect())).toBe(true);
    await project.deploy(remote(""));
    await project.deploy("");
    expect(await exists(() => docker.getImage(name).inspect())).toBe(false);
  });

  test("that are nowhere to be had say so", async () => {
    await project.program(
      `new docker.RemoteImage("docker-test-absent", { name: "${registry.address}/team/absent:1" });`,
    );
    const { output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(output).toMatch(/Pulling the image "127\.0\.0\.1:\d+\/team\/absent:1" failed: /);
  });
});
