import { describe, expect, it } from "vitest";
import { inClear, readDeclaration } from "../../../../rehearsal/run/declaration.ts";
import { changedFiles, changedFilesFinding } from "../../../../rehearsal/run/drift/changed-files.ts";
import { describedFindings } from "../../../../rehearsal/run/drift/database.ts";
import { differenceFinding } from "../../../../rehearsal/run/drift/findings.ts";
import { compareFlat } from "../../../../rehearsal/run/drift/flat.ts";
import { declaredService, foundService } from "../../../../rehearsal/run/drift/service-spec.ts";
import { roleAttributes } from "../../../../rehearsal/run/throw-away-database.ts";

const DECLARED = {
  labels: [{ label: "rehearsal.environment", value: "shop" }],
  mode: { replicated: { replicas: 2 } },
  endpointSpec: {
    mode: "dnsrr",
    ports: [{ protocol: "tcp", targetPort: 8443, publishedPort: 443, publishMode: "host" }],
  },
  updateConfig: { order: "start-first", failureAction: "rollback", parallelism: 1 },
  taskSpec: {
    containerSpec: {
      image: "shop/application:1",
      commands: ["serve", "--all"],
      env: { DJANGO_DEBUG: "0", EMPTY: "" },
      user: "10001:10001",
      readOnly: true,
      capDrops: ["ALL"],
      mounts: [{ type: "tmpfs", target: "/tmp", source: "", readOnly: false, tmpfsOptions: { sizeBytes: 64 } }],
      secrets: [
        {
          secretId: "s1",
          secretName: "key-1",
          fileName: "/run/secrets/KEY",
          fileUid: "1",
          fileGid: "1",
          fileMode: 256,
        },
      ],
      healthcheck: { tests: ["CMD", "health"], interval: "2s", timeout: "10s", startPeriod: "1m30s", retries: 5 },
      stopGracePeriod: "33s",
    },
    networksAdvanceds: [{ id: "n1", aliases: ["application"] }],
    resources: { limits: { memoryBytes: 1024, nanoCpus: 500 } },
    restartPolicy: { condition: "any", delay: "1s", maxAttempts: 0, window: "0s" },
  },
};

function running(): Record<string, unknown> & {
  TaskTemplate: Record<string, unknown> & { ContainerSpec: Record<string, unknown> };
} {
  return {
    Labels: { "rehearsal.environment": "shop" },
    Mode: { Replicated: { Replicas: 2 } },
    EndpointSpec: {
      Mode: "dnsrr",
      Ports: [{ Protocol: "tcp", TargetPort: 8443, PublishedPort: 443, PublishMode: "host" }],
    },
    UpdateConfig: { Order: "start-first", FailureAction: "rollback", Parallelism: 1, Monitor: 3_000_000_000 },
    TaskTemplate: {
      ContainerSpec: {
        Image: "shop/application:1",
        Command: ["serve", "--all"],
        Env: ["DJANGO_DEBUG=0", "EMPTY="],
        User: "10001:10001",
        ReadOnly: true,
        CapabilityDrop: ["ALL"],
        Mounts: [{ Type: "tmpfs", Target: "/tmp", TmpfsOptions: { SizeBytes: 64 } }],
        Secrets: [{ File: { Name: "/run/secrets/KEY", UID: "1", GID: "1", Mode: 256 }, SecretID: "s1" }],
        Healthcheck: {
          Test: ["CMD", "health"],
          Interval: 2e9,
          Timeout: 10e9,
          StartPeriod: 90e9,
          Retries: 5,
        },
        StopGracePeriod: 33e9,
        DNSConfig: {},
      },
      Networks: [{ Target: "n1", Aliases: ["application"] }],
      Resources: { Limits: { MemoryBytes: 1024, NanoCPUs: 500 } },
      RestartPolicy: { Condition: "any", Delay: 1e9, MaxAttempts: 0, Window: 0 },
      Placement: {},
      ForceUpdate: 0,
    },
  };
}

const differing = (spec: Readonly<Record<string, unknown>>) =>
  compareFlat(declaredService(DECLARED), foundService(spec)).map(({ property }) => property);

describe("a service against its declaration", () => {
  it("finds no difference where the engine says the same in its own words", () => {
    expect(differing(running())).toEqual([]);
  });

  it.each<[string, (container: Record<string, unknown>) => void, string]>([
    ["a variable added", (spec) => (spec["Env"] = ["DJANGO_DEBUG=0", "EMPTY=", "X=1"]), "variable X"],
    ["a variable added without a value", (spec) => (spec["Env"] = ["DJANGO_DEBUG=0", "EMPTY=", "X="]), "variable X"],
    ["a variable removed", (spec) => (spec["Env"] = ["DJANGO_DEBUG=0"]), "variable EMPTY"],
    ["a variable changed", (spec) => (spec["Env"] = ["DJANGO_DEBUG=1", "EMPTY="]), "variable DJANGO_DEBUG"],
    ["another image", (spec) => (spec["Image"] = "shop/application:2"), "image"],
    ["root", (spec) => (spec["User"] = "0:0"), "user"],
    ["a root filesystem to write to", (spec) => (spec["ReadOnly"] = false), "read-only root filesystem"],
    ["a capability", (spec) => (spec["CapabilityAdd"] = ["NET_ADMIN"]), "capabilities added"],
    [
      "a folder of the host",
      (spec) =>
        (spec["Mounts"] = [
          { Type: "tmpfs", Target: "/tmp", TmpfsOptions: { SizeBytes: 64 } },
          { Type: "bind", Source: "/", Target: "/host" },
        ]),
      "mount /host",
    ],
    [
      "another secret",
      (spec) =>
        (spec["Secrets"] = [{ File: { Name: "/run/secrets/KEY", UID: "1", GID: "1", Mode: 256 }, SecretID: "s2" }]),
      "secret /run/secrets/KEY",
    ],
    ["a host name", (spec) => (spec["Hosts"] = ["10.0.0.1 mail"]), "hosts"],
  ])("names %s", (_what, change, property) => {
    const spec = running();
    change(spec.TaskTemplate.ContainerSpec);
    expect(differing(spec)).toEqual([property]);
  });

  it("names limits, tasks, networks and ports that were changed", () => {
    const spec = running();
    Object.assign(spec.TaskTemplate, {
      Resources: { Limits: { MemoryBytes: 2048, NanoCPUs: 500 } },
      Networks: [{ Target: "n1", Aliases: ["application"] }, { Target: "n2" }],
    });
    Object.assign(spec, { Mode: { Replicated: { Replicas: 3 } }, EndpointSpec: { Mode: "dnsrr" } });
    expect(differing(spec)).toEqual(["memory limit (bytes)", "network n2", "port 8443/tcp", "tasks"]);
  });

  it("says what is declared and what was found, and no secret", () => {
    const plain = differenceFinding("service", "shop-app", { property: "variable X", declared: undefined, found: "1" });
    expect(plain).toMatchObject({
      id: "drift.variable",
      severity: "blocking",
      subject: "service shop-app, variable X",
      evidence: ["declared: nothing", 'found: "1"'],
    });
    const secrets = [
      { property: "variable API_TOKEN", declared: "abc", found: "def" },
      { property: "variable BROKER", declared: undefined, found: "amqp://me:hunter2@queue/" },
    ].map((difference) => JSON.stringify(differenceFinding("service", "shop-app", difference)));
    expect(secrets.join()).not.toMatch(/abc|def|hunter2/);
  });
});

describe("files changed in a container", () => {
  const changes = [
    { Path: "/run", Kind: 0 },
    { Path: "/run/secrets", Kind: 1 },
    { Path: "/run/secrets/KEY", Kind: 1 },
    { Path: "/usr", Kind: 0 },
    { Path: "/usr/sbin", Kind: 0 },
    { Path: "/usr/sbin/docker-init", Kind: 1 },
    { Path: "/etc", Kind: 0 },
    { Path: "/etc/nginx", Kind: 0 },
    { Path: "/etc/nginx/gateway.conf", Kind: 1 },
  ];

  it("overlooks what the engine puts there, and what is mounted", () => {
    expect(changedFiles(changes, ["/etc/nginx/gateway.conf"])).toEqual([]);
  });

  it("names the file that was edited, and not the folders above it", () => {
    const edited = { Path: "/app/manage.py", Kind: 0 };
    expect(changedFiles([{ Path: "/app", Kind: 0 }, edited], [])).toEqual([edited]);
  });

  it("names a file beside a mounted one", () => {
    const edited = { Path: "/etc/nginx/nginx.conf", Kind: 0 };
    expect(changedFiles([...changes, edited], ["/etc/nginx/gateway.conf"])).toEqual([edited]);
    expect(changedFilesFinding("shop-gateway", [edited])).toMatchObject([
      { id: "drift.changed-file", subject: "container shop-gateway, /etc/nginx/nginx.conf" },
    ]);
  });
});

describe("a database against its declaration", () => {
  const server = { administrator: "postgres", ownServer: true, roles: ["owner", "app"] };
  const described = (catalogue: Record<string, string>, rights: Record<string, string>) => ({
    catalogue: new Map(Object.entries(catalogue)),
    rights: new Map(Object.entries(rights)),
  });
  const declared = described(
    { "table public.entry": "r p", "index public.entry_at": "btree (at)" },
    { "role app": "login" },
  );

  it("finds no difference between equals", () => {
    expect(describedFindings(declared, declared, server)).toEqual([]);
  });

  it("tells an index that is gone from other changes of the schema", () => {
    const found = described(
      { "table public.entry": "r p", "column public.entry.hand": "text" },
      { "role app": "login" },
    );
    expect(describedFindings(declared, found, server).map(({ id, subject }) => `${id} ${subject}`)).toEqual([
      "drift.schema column public.entry.hand",
      "drift.index index public.entry_at",
    ]);
  });

  it("names a role once, however many tables it may read, and not the rights on a table that is told of already", () => {
    const found = described(
      { "table public.entry": "r p", "index public.entry_at": "btree (at)", "table public.hand": "r p" },
      {
        "role app": "login",
        "role intern": "login",
        "privileges of intern on table public.entry": "SELECT",
        "privileges of intern on table public.hand": "SELECT",
        "privileges of intern on schema public": "USAGE",
        "owner of table public.hand": "postgres",
      },
    );
    expect(describedFindings(declared, found, server).map(({ id, subject }) => `${id} ${subject}`)).toEqual([
      "drift.schema table public.hand",
      "drift.rights privileges of intern on schema public, and 1 more",
      "drift.role role intern",
    ]);
  });

  it("leaves the roles of others on a shared server alone", () => {
    const found = described(Object.fromEntries(declared.catalogue), {
      "role app": "login",
      "role stranger": "superuser",
    });
    expect(describedFindings(declared, found, { ...server, ownServer: false })).toEqual([]);
    expect(describedFindings(declared, found, server)).toMatchObject([{ id: "drift.role", subject: "role stranger" }]);
  });

  it("creates roles with the declared attributes alone", () => {
    expect(roleAttributes({ login: true, inherit: true, connectionLimit: -1, createDatabase: false })).toEqual([
      "LOGIN",
      "INHERIT",
    ]);
    expect(roleAttributes({ superuser: true, inherit: false, connectionLimit: 3 })).toEqual([
      "SUPERUSER",
      "NOINHERIT",
      "CONNECTION LIMIT 3",
    ]);
  });
});

describe("a stack's state", () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

  it("gives secrets in clear, and nothing for one that is encrypted", () => {
    expect(inClear({ a: { ...secret, plaintext: '["x"]' }, b: [{ ...secret, ciphertext: "v1:" }] })).toEqual({
      a: ["x"],
      b: [undefined],
    });
  });

  it("overlooks what is about to be deleted, and images that were pushed", () => {
    const service = { type: "docker:index/service:Service", urn: "u", id: "1", inputs: { name: "shop-app" } };
    const image = {
      type: "docker:index/image:Image",
      urn: "u",
      inputs: { skipPush: true },
      outputs: { imageName: "shop/application:1", repoDigest: "sha256:aa" },
    };
    const declaration = readDeclaration([
      service,
      { ...service, id: "0", delete: true },
      image,
      { ...image, inputs: { skipPush: false }, outputs: { imageName: "r/shop:2", repoDigest: "r/shop@sha256:bb" } },
    ]);
    expect(declaration.services.map(({ id, name }) => `${id} ${name}`)).toEqual(["1 shop-app"]);
    expect([...declaration.imageIds]).toEqual([["shop/application:1", "sha256:aa"]]);
  });
});
