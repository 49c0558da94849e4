import { z } from "zod";

/**
 * What the documentation, the parity rule and the error messages say about one setting.
 */
export interface SettingMeta {
  /** One sentence for `docs/settings.md`. */
  readonly doc: string;
  /** The rule that a value must meet, to be read after "must be". */
  readonly rule: string;
  /** A value that meets the rule, for the remedy in error messages. */
  readonly example: unknown;
  /**
   * Whether environments may differ in it. `keys` allows other values under the same keys: a variable that one
   * environment requires must not be missing in another.
   */
  readonly differs: "yes" | "no" | "keys";
  /** Follows from the stack's name where the stack's own file does not set it, and is never inherited by a branch. */
  readonly derived?: string;
  /** Must be stored encrypted: every value below it, or those under these keys. */
  readonly secret?: "all" | readonly string[];
  /** What to do about a wrong value, where a plain `pulumi config set` is not it. */
  readonly remedy?: string;
  /** What the documentation says of a default that the machine decides. */
  readonly defaultNote?: string;
}

const slug = /^[a-z][a-z0-9-]*[a-z0-9]$/;
const hostLabel = /^(@|(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\*)$/;
const domainName = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const variableName = /^[A-Z][A-Z0-9_]*$/;
const imageReference = /^[a-z0-9][a-z0-9.:/_-]*:[\w][\w.-]{0,127}@sha256:[0-9a-f]{64}$/;
const absolutePath = /^\/\S*$/;
const snapshotId = /^[0-9a-f]{6,12}$/;

const maskingPattern = /^([^.*\s]+\.){1,2}[^.*\s]+$|^[^.*\s]+\.\*$|^\*\.[^.*\s]+$/;
const maskingKind = /^(keep|null|hash|shift|fake:(name|first-name|last-name|email|phone|address|city|company|text))$/;

const text = (meta: SettingMeta) =>
  z
    .string()
    .min(1)
    .meta({ ...meta });
const matching = (pattern: RegExp, meta: SettingMeta) =>
  z
    .string()
    .regex(pattern)
    .meta({ ...meta });
const whole = (min: number, max: number, meta: Omit<SettingMeta, "rule">) =>
  z
    .int()
    .min(min)
    .max(max)
    .meta({ ...meta, rule: `a whole number from ${min} to ${max}` });
const choice = <const T extends readonly [string, ...string[]]>(values: T, meta: Omit<SettingMeta, "rule">) =>
  z.enum(values).meta({ ...meta, rule: `one of ${values.join(", ")}` });
const command = (meta: Omit<SettingMeta, "rule">) =>
  z
    .array(z.string().min(1))
    .min(1)
    .meta({ ...meta, rule: "a list of words, the program first" });
const variables = (meta: Omit<SettingMeta, "rule" | "differs">) =>
  z
    .record(z.string().regex(variableName), z.string())
    .meta({ ...meta, differs: "keys", rule: "a map of UPPER_CASE variable names to texts" });
const memory = (doc: string, megabytes: number) =>
  whole(32, 1_048_576, { doc: `${doc}, in MiB.`, example: megabytes, differs: "yes" });
const cpus = (doc: string) =>
  z
    .number()
    .min(0.05)
    .max(256)
    .meta({ doc, rule: "a number of processors from 0.05 to 256", example: 1, differs: "yes" });
const pathOrNone = (meta: Omit<SettingMeta, "rule" | "differs">) =>
  z.union([z.literal("none"), z.string().regex(absolutePath)]).meta({
    ...meta,
    differs: "no",
    rule: "an absolute path such as /, or none",
  });

const app = z.strictObject({
  name: z.string().regex(slug).max(13).meta({
    doc: "Short name of the Django project; names its images and, with the stack's name, everything on the engine.",
    rule: "2 to 13 lower-case letters, digits and hyphens, a letter first",
    example: "reference",
    differs: "no",
  }),
  source: text({
    doc: "Folder of the Django project, relative to Pulumi.yaml. Its own Dockerfile is used where it has one.",
    rule: "a path relative to Pulumi.yaml",
    example: "reference",
    differs: "no",
  }),
  settingsModule: text({
    doc: "DJANGO_SETTINGS_MODULE of every process.",
    rule: "a dotted Python module",
    example: "config.settings",
    differs: "no",
  }),
  command: command({
    doc: "Starts the application server; it must listen on 0.0.0.0:8000.",
    example: ["gunicorn", "--bind", "0.0.0.0:8000", "config.wsgi:application"],
    differs: "no",
  }),
  environment: variables({
    doc: "More variables of the application, the ETL worker and migrations, in clear.",
    example: { DJANGO_LOG_LEVEL: "INFO" },
  }).default({}),
  secrets: variables({
    doc: "More variables of the application, the ETL worker and migrations that are secret; they reach the processes as files.",
    example: { PAYMENT_API_KEY: "…" },
    secret: "all",
  }).default({}),
  replicas: whole(1, 100, { doc: "Tasks of the application.", example: 2, differs: "yes" }).default(2),
  memoryMiB: memory("Memory limit of one application task", 384).default(384),
  cpus: cpus("Processor limit of one application task.").default(1),
  drainSeconds: whole(0, 60, {
    doc: "How long a task that was told to stop serves on, so that the gateway forgets it first, in seconds.",
    example: 3,
    differs: "no",
  }).default(3),
  adminUsername: text({
    doc: "Login of the administrator that the migration step creates; its password is generated.",
    rule: "a user name",
    example: "admin",
    differs: "no",
  }).default("admin"),
});

const etl = z.strictObject({
  command: z.union([z.literal("none"), z.array(z.string().min(1)).min(1)]).meta({
    doc: "Starts the ETL worker; `none` where the project has no worker.",
    rule: "none, or a list of words, the program first",
    example: ["python", "manage.py", "etl_worker"],
    differs: "no",
  }),
  environment: variables({
    doc: "More variables of the ETL worker alone, in clear.",
    example: { ETL_INTERVAL_SECONDS: "300" },
  }).default({}),
  memoryMiB: memory("Memory limit of the ETL worker", 384).default(384),
  cpus: cpus("Processor limit of the ETL worker.").default(1),
});

const staticFiles = z.strictObject({
  replicas: whole(1, 100, { doc: "Tasks of the static file service.", example: 1, differs: "yes" }).default(1),
  memoryMiB: memory("Memory limit of one static file task", 64).default(64),
});

const gateway = z.strictObject({
  domain: matching(domainName, {
    doc: "Domain that the hostnames are relative to.",
    rule: "a domain name in lower case",
    example: "sandbox.localhost",
    differs: "yes",
    derived: "`<stack>.localhost`",
  }),
  hostnames: z
    .array(z.string().regex(hostLabel))
    .min(1)
    .meta({
      doc: "Hostnames of the system relative to the domain: `@` is the domain itself, `*` or `*.x` a wildcard. All are in the certificate.",
      rule: "a list of names relative to the domain (@ for the domain itself, * or *.name for a wildcard)",
      example: ["@", "www", "api", "*.tenants"],
      differs: "no",
    })
    .default(["@", "www", "api", "*.tenants"]),
  port: whole(1, 65_535, {
    doc: "Published port of the gateway, the only one that the system publishes.",
    example: 8443,
    differs: "yes",
    derived: "20000 to 29998, even",
  }),
  publish: choice(["host", "ingress"], {
    doc: "How the port is published: `host` works everywhere; `ingress` needs a kernel with IPVS and leaves no gap when the gateway itself changes.",
    example: "host",
    differs: "yes",
  }).default("host"),
  address: text({
    doc: "Address at which the critical checks reach the gateway.",
    rule: "an address or a name",
    example: "127.0.0.1",
    differs: "yes",
  }).default("127.0.0.1"),
  maxBodyMiB: whole(1, 10_240, { doc: "Largest accepted request body, in MiB.", example: 10, differs: "no" }).default(
    10,
  ),
  memoryMiB: memory("Memory limit of the gateway", 64).default(64),
});

const tls = z.strictObject({
  certificate: z
    .union([
      z.literal("generated"),
      z.strictObject({
        chain: z.string().regex(/BEGIN CERTIFICATE/),
        key: z.string().regex(/BEGIN [A-Z ]*PRIVATE KEY/),
        authority: z
          .string()
          .regex(/BEGIN CERTIFICATE/)
          .optional(),
      }),
    ])
    .meta({
      doc: "`generated`: a certificate authority of the environment's own and a certificate of production's shape, made once; or the given chain (PEM, the server's certificate first) and key (PEM), with the authority to verify with (PEM) where the chain does not lead to one that clients know.",
      rule: "generated, or chain and key (and authority) in PEM form",
      remedy:
        "Set them with: pulumi config set --path --secret 'rehearsal:tls.certificate.chain' < chain.pem, and likewise key.",
      example: "generated",
      differs: "yes",
      secret: ["key"],
    }),
});

const externalServer = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  username: z.string().min(1),
  password: z.string().min(1),
  sslmode: z.enum(["disable", "require", "verify-ca", "verify-full"]).default("verify-full"),
  rolePrefix: z
    .string()
    .regex(/^([a-z_][a-z0-9_]*)?$/)
    .default(""),
});

const database = z.strictObject({
  server: z.union([z.literal("container"), externalServer]).meta({
    doc: "`container`: PostgreSQL 17 in a container, with a volume or from a snapshot; or an external server: host, port (5432), username and password of a role that may create roles and databases, sslmode (verify-full), rolePrefix (empty) where several environments share the server.",
    rule: "container, or host, port, username, password, sslmode and rolePrefix of a server",
    example: "container",
    differs: "yes",
    secret: ["password"],
  }),
  name: matching(/^[a-z_][a-z0-9_]{0,62}$/, {
    doc: "Name of the database.",
    rule: "a lower-case identifier of at most 63 characters",
    example: "app",
    differs: "yes",
  }).default("app"),
  snapshot: z
    .union([z.literal("newest"), z.literal("none"), z.string().regex(snapshotId)])
    .meta({
      doc: "Snapshot that a new environment's database starts from: `newest` of the project on the engine (an empty database where there is none), `none` for an empty database, or the id of one. A database that is there stays as it is until another id is set.",
      rule: "newest, none, or 6 to 12 hexadecimal digits of a snapshot's id (in quotes where they are digits alone)",
      example: "newest",
      differs: "yes",
    })
    .default("newest"),
  adminPort: whole(1, 65_535, {
    doc: "Port on the loopback address at which the container's server is administered.",
    example: 15_432,
    differs: "yes",
    derived: "20001 to 29999, odd",
  }),
  extensions: z
    .array(z.string().regex(/^[a-z_][a-z0-9_-]*$/))
    .meta({
      doc: "PostgreSQL extensions of the database.",
      rule: "a list of names of extensions",
      example: ["pg_trgm"],
      differs: "no",
    })
    .default([]),
  queries: text({
    doc: "File with the project's main queries, whose plans and results a rehearsal compares with those of the release before (docs/rehearsal-run.md), relative to Pulumi.yaml; `none` where it has none: those that the server has counted are planned all the same.",
    rule: "a path relative to Pulumi.yaml, or none",
    example: "reference/queries.sql",
    differs: "no",
  }).default("none"),
  maxConnections: whole(10, 10_000, {
    doc: "Connections that the container's server accepts.",
    example: 100,
    differs: "yes",
  }).default(100),
  memoryMiB: memory("Memory limit of the container's server; a quarter of it becomes shared buffers", 1024).default(
    1024,
  ),
  protect: z
    .boolean()
    .meta({
      doc: "Whether `pulumi destroy` refuses to delete the data volume and the database.",
      rule: "true or false",
      example: false,
      differs: "yes",
    })
    .default(false),
});

const migration = z.strictObject({
  lockTimeoutSeconds: whole(1, 600, {
    doc: "How long a statement of a migration may wait for a lock before it is given up and tried again, in seconds; all other queries queue behind it meanwhile.",
    example: 1,
    differs: "no",
  }).default(1),
  statementTimeoutSeconds: whole(1, 86_400, {
    doc: "How long one statement of a migration may run, in seconds.",
    example: 900,
    differs: "no",
  }).default(900),
  waitSeconds: whole(1, 86_400, {
    doc: "How long to wait for another migrator that is at work, in seconds.",
    example: 300,
    differs: "no",
  }).default(300),
  rehearsal: choice(["full", "fast", "none"], {
    doc: "What is rehearsed on a clone of a snapshot before an update migrates; a preview does the `fast` form (plan, run, running release on the new schema), `full` adds traffic, kills, data, a fresh build and the way back.",
    example: "full",
    differs: "yes",
  }).default("full"),
  longestWaitSeconds: z
    .number()
    .min(0.1)
    .max(600)
    .meta({
      doc: "How long a request or query of the running release may wait for a migration; a rehearsal that sees a longer wait fails.",
      rule: "a number of seconds from 0.1 to 600",
      example: 2,
      differs: "no",
    })
    .default(2),
});

const snapshot = z.strictObject({
  masking: z
    .record(z.string().regex(maskingPattern), z.string().regex(maskingKind))
    .meta({
      doc: "What becomes of columns when a snapshot is taken: `keep`, `null`, `hash`, `shift` or `fake:KIND` by `schema.table.column`, `table.column`, `table.*` or `*.column`; the most specific rule wins.",
      rule: "a map of schema.table.column, table.column, table.* or *.column to keep, null, hash, shift, or fake: with name, first-name, last-name, email, phone, address, city, company or text",
      example: { "guestbook_entry.author": "hash" },
      remedy: "docs/snapshots.md says what each kind does.",
      differs: "no",
    })
    .default({}),
});

const network = z.strictObject({
  outside: z
    .boolean()
    .meta({
      doc: "Whether application and ETL tasks reach the outside. Only production's should: elsewhere real mail and webhooks must not leave.",
      rule: "true or false",
      example: false,
      differs: "yes",
    })
    .default(false),
});

const images = z.strictObject({
  base: text({
    doc: "Image that all others are built on.",
    rule: "an image of Debian 13 (trixie)",
    example: "debian:trixie-slim",
    differs: "no",
  }).default("debian:trixie-slim"),
  registry: z
    .union([z.literal("none"), z.string().regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/)])
    .meta({
      doc: "Registry, with an optional path, that built images are pushed to and taken from; `none` where all stacks share one engine.",
      rule: "none, or host[:port][/path]",
      example: "registry.example.com/team",
      differs: "yes",
    })
    .default("none"),
  release: z
    .union([
      z.literal("build"),
      z.strictObject({
        application: z.string().regex(imageReference),
        static: z.string().regex(imageReference),
        gateway: z.string().regex(imageReference),
        postgres: z.string().regex(imageReference),
      }),
    ])
    .meta({
      doc: "`build` builds the release from the sources; otherwise the four images of a rehearsed release by name and digest, as `npx rehearse promote` writes them.",
      rule: "build, or application, static, gateway and postgres, each as name:tag@sha256:digest",
      remedy: "Take the release that the sandbox runs with: npx rehearse promote --from sandbox --to production",
      example: "build",
      differs: "yes",
    }),
});

const rollout = z.strictObject({
  timeoutSeconds: whole(10, 3600, {
    doc: "How long all services together may take to converge, in seconds.",
    example: 180,
    differs: "no",
  }).default(180),
});

const checks = z.strictObject({
  page: pathOrNone({ doc: "Page that the critical checks fetch on every hostname.", example: "/" }).default("/"),
  api: pathOrNone({ doc: "Resource of the API that must answer with JSON.", example: "/api/v1/" }).default("none"),
  adminLogin: pathOrNone({
    doc: "Login page of Django's admin; the checks log in there and out again, which writes and reads through the application.",
    example: "/admin/login/",
  }).default("/admin/login/"),
  certificateDays: whole(3, 365, {
    doc: "Days that the gateway's certificate should be valid for; with fewer the checks warn, with fewer than 3 they fail.",
    example: 21,
    differs: "yes",
  }).default(21),
  etl: z
    .union([z.literal("none"), z.array(z.string().min(1)).min(1)])
    .meta({
      doc: "Prints the ETL's last runs as JSON (docs/checks.md), run in the application's image; `none` where there is no such command.",
      rule: "none, or a list of words, the program first",
      example: ["python", "manage.py", "etl_status", "--json"],
      differs: "no",
    })
    .default("none"),
  etlRowFloor: whole(0, 1_000_000_000, {
    doc: "Rows that a successful run of the ETL must have taken in at least, in each feed.",
    example: 1,
    differs: "no",
  }).default(1),
  own: z
    .array(z.strictObject({ id: z.string().regex(slug), command: z.array(z.string().min(1)).min(1) }))
    .meta({
      doc: "The project's own checks: commands in the application's image, with the gateway's address in `BASE_URL`; exit code 0 passes, what is printed is the evidence.",
      rule: "a list of id (lower-case letters, digits and hyphens) and command (a list of words, the program first)",
      example: [{ id: "search", command: ["python", "checks/search.py"] }],
      differs: "no",
    })
    .default([]),
  silenced: z
    .array(z.string().regex(/^[a-z_]+\.[A-Za-z0-9-]+$/))
    .meta({
      doc: "Ids of checks (docs/checks.md) and of messages of Django's `check --deploy` that warn and do not fail.",
      rule: "a list of ids such as image.requirements or security.W009",
      example: ["image.requirements"],
      differs: "no",
    })
    .default([]),
  accepted: z
    .array(
      z.strictObject({
        finding: z.string().regex(/^[a-z-]+(\.[a-z0-9-]+)+$/),
        subject: z.string().min(1),
        reason: z.string().min(1),
        until: z.iso.date(),
      }),
    )
    .meta({
      doc: "Findings of `rehearse run` and of rehearsed migrations with which somebody has decided to release: until that day they warn and do not stop it, and the report says why.",
      rule: "a list of finding (its id), subject (as the report shows it), reason and until (the last day, YYYY-MM-DD)",
      example: [{ finding: "pages.gone", subject: "/offers/", reason: "the offers have ended", until: "2027-01-31" }],
      differs: "yes",
    })
    .default([]),
  skippedModules: z
    .array(z.string().regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/))
    .meta({
      doc: "Modules of the project that the checks do not import, with all below them: what only developers run.",
      rule: "a list of dotted Python modules",
      example: ["shop.demo"],
      differs: "no",
    })
    .default([]),
});

const load = z.strictObject({
  seconds: whole(2, 3600, {
    doc: "How long a rehearsal sends requests while nothing is changed, in seconds; half as long again while tasks are replaced. Leaks that are slow take longer to be seen.",
    example: 20,
    differs: "yes",
  }).default(20),
  connections: whole(1, 200, { doc: "Requests of the load at a time.", example: 8, differs: "yes" }).default(8),
  requestsPerSecond: whole(1, 2000, {
    doc: "Requests of the load in a second at most; fewer where answers take longer.",
    example: 40,
    differs: "yes",
  }).default(40),
  slower: z
    .number()
    .min(1.1)
    .max(100)
    .meta({
      doc: "How many times as long as in the release before an answer may take under load, beyond what makes static files slower as well.",
      rule: "a number from 1.1 to 100",
      example: 3,
      differs: "yes",
    })
    .default(3),
});

const tests = z.strictObject({
  suites: z
    .array(
      z.strictObject({
        id: z.string().regex(slug),
        command: z.array(z.string().min(1)).min(1),
        timeoutSeconds: z.int().min(1).max(86_400).default(600),
        database: z.enum(["environment", "fresh"]).default("environment"),
      }),
    )
    .meta({
      doc: "The project's tests that are written against a URL, which `rehearse run` runs against the gateway: commands in the application's image or that of `tests.dockerfile`, each with an `id` that the regression calendar may name as `tests:<id>`, `timeoutSeconds` (600) and `database`: `environment` (its own) or `fresh` (one without data that is thrown away, for what fills it).",
      rule: "a list of id (lower-case letters, digits and hyphens), command (a list of words, the program first), and where wanted timeoutSeconds (1 to 86400) and database (environment or fresh)",
      example: [{ id: "api", command: ["python", "-m", "pytest", "tests/api"] }],
      differs: "no",
    })
    .default([]),
  dockerfile: text({
    doc: "Dockerfile of an image for the tests, relative to Pulumi.yaml: it builds on the image that the argument `RELEASE_IMAGE` names, adds tests and what only they need, and sees its own folder. `BASE_IMAGE` is what the release's images are built on. `none` where the application's image has all of it.",
    rule: "a path relative to Pulumi.yaml, or none",
    example: "none",
    differs: "no",
  }).default("none"),
  baseUrlVariable: matching(variableName, {
    doc: "Variable that tells the tests the URL of the environment.",
    rule: "an UPPER_CASE variable name",
    example: "STAGING_SERVER",
    differs: "no",
  }).default("STAGING_SERVER"),
  memoryMiB: memory("Memory limit of a suite of tests; a browser needs about as much as the default", 1024).default(
    1024,
  ),
});

const engine = z.strictObject({
  host: matching(/^(unix|tcp|ssh):\/\/\S+$/, {
    doc: "Docker engine that runs the environment.",
    rule: "an address such as unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host",
    example: "unix:///var/run/docker.sock",
    differs: "yes",
    defaultNote: "the variable `DOCKER_HOST`, else the local engine",
  }).default(() => process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock"),
});

/** Every setting of an environment: type, default, documentation, and whether environments may differ in it. */
export const settingsSchema = z.strictObject({
  app,
  etl,
  static: staticFiles.prefault({}),
  gateway,
  tls,
  database,
  migration: migration.prefault({}),
  snapshot: snapshot.prefault({}),
  network: network.prefault({}),
  images,
  rollout: rollout.prefault({}),
  checks: checks.prefault({}),
  load: load.prefault({}),
  tests: tests.prefault({}),
  engine: engine.prefault({}),
});

/** The settings of one environment, complete and checked. */
export type Settings = z.infer<typeof settingsSchema>;

/** One leaf of the schema: where it stands and what is said about it. */
export interface SettingEntry {
  readonly section: string;
  readonly key: string;
  readonly meta: SettingMeta;
  /** The documented default, absent where the setting is required or derived. */
  readonly defaultValue?: unknown;
}

/** All settings in the order of the schema. */
export function settingEntries(): SettingEntry[] {
  return Object.entries(settingsSchema.shape).flatMap(([section, schema]) => {
    const object = schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
    return Object.entries(object.shape).map(([key, leaf]: [string, z.ZodType]): SettingEntry => {
      const inner = leaf instanceof z.ZodDefault ? (leaf.unwrap() as z.ZodType) : leaf;
      const meta = inner.meta() as SettingMeta | undefined;
      if (meta === undefined) throw new Error(`setting ${section}.${key} has no documentation`);
      return { section, key, meta, ...(leaf instanceof z.ZodDefault ? { defaultValue: leaf.parse(undefined) } : {}) };
    });
  });
}
