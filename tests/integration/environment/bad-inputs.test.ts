import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Authority, createAuthority, issueCertificate } from "../../../components/certificate-authority.ts";
import { fullHostnames } from "../../../config/consistency.ts";
import { RUN_STEPS } from "../../../rehearsal/run/steps.ts";
import { Checkout, type Ended } from "./checkout.ts";
import { docker, environmentObjects } from "./running-environment.ts";

const STACK = "it-faulty";
// A name of its own, so that what is found on the engine was made here.
const PROJECT = "it-faults";
const DAY = 86_400_000;
const HOSTNAMES = fullHostnames(`${STACK}.localhost`, ["@", "www", "api", "*.tenants"]);

const STACKS = [STACK, "sandbox", "production"];

const checkout = new Checkout();
const files = new Map<string, string>();

beforeAll(async () => {
  for (const stack of ["sandbox", "production"]) checkout.configure(stack, { app: { name: PROJECT } });
  for (const stack of STACKS) await checkout.succeed("stack", "init", stack);
  for (const stack of STACKS) files.set(`Pulumi.${stack}.yaml`, checkout.read(`Pulumi.${stack}.yaml`));
});

afterEach(() => {
  for (const [file, text] of files) checkout.edit(file, () => text);
});

afterAll(async () => {
  await checkout.remove(...STACKS);
});

/** The errors of a command that was refused, as Pulumi shows them at the end; nothing came of the command. */
async function refusal({ exitCode, output }: Ended, stack = STACK): Promise<string> {
  expect(exitCode, output).not.toBe(0);
  expect(output, "no stack trace").not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(await environmentObjects(`${PROJECT}-${stack}`)).toEqual([]);
  expect(await docker.listImages({ filters: { reference: [`${PROJECT}/*`] } })).toEqual([]);
  return /^Diagnostics:\n(.*?)^Resources:/ms.exec(output)?.[1] ?? output;
}

/** The same error of a preview and of a deployment. */
async function refusedAlike(stack = STACK): Promise<string> {
  const preview = await refusal(await checkout.pulumi("preview", "--stack", stack), stack);
  expect(await refusal(await checkout.up(stack), stack)).toBe(preview);
  return preview;
}

/** One line for each fault: path, rule, what was found, remedy. */
function faultLines(errors: string): string[] {
  return errors.split("\n").flatMap((line) => (/^\s+rehearsal:/.test(line) ? [line.trim()] : []));
}

describe("a stack's file", () => {
  it("is refused with all its faults at once", async () => {
    checkout.configure(STACK, {
      app: { replicas: "two", colour: "red", name: "Shop_" },
      gateway: { port: 70_000, domain: "UPPER.example" },
      database: { name: "1 app" },
      network: { outside: "no" },
      extra: { key: 1 },
    });
    const errors = await refusedAlike();
    expect(errors).toContain(`Pulumi.${STACK}.yaml: 8 settings are wrong; nothing was changed.`);
    const set = (place: string, value: string | number | boolean) =>
      `Set it with: pulumi config set --path 'rehearsal:${place}' ${value}`;
    expect(faultLines(errors)).toEqual([
      `rehearsal:app.name must be 2 to 13 lower-case letters, digits and hyphens, a letter first; found "Shop_". ${set("app.name", "reference")}`,
      `rehearsal:app.replicas must be a whole number from 1 to 100; found "two". ${set("app.replicas", 2)}`,
      expect.stringMatching(
        /^rehearsal:app\.colour must be one of the known keys name, source, .*; found "colour"\. Correct the key or take it out\.$/,
      ),
      `rehearsal:gateway.domain must be a domain name in lower case; found "UPPER.example". ${set("gateway.domain", "sandbox.localhost")}`,
      `rehearsal:gateway.port must be a whole number from 1 to 65535; found 70000. ${set("gateway.port", 8443)}`,
      `rehearsal:database.name must be a lower-case identifier of at most 63 characters; found "1 app". ${set("database.name", "app")}`,
      `rehearsal:network.outside must be true or false; found "no". ${set("network.outside", false)}`,
      expect.stringMatching(
        /^rehearsal:extra must be one of the known keys app, etl, .*; found "extra"\. Correct the key or take it out\.$/,
      ),
    ]);
  });

  it("is refused with a secret in clear, which is not shown", async () => {
    checkout.configure(STACK, { app: { secrets: { PAYMENT_API_KEY: "hunter2hunter2" } } });
    const errors = await refusedAlike();
    expect(errors).not.toContain("hunter2");
    expect(faultLines(errors)).toEqual([
      expect.stringMatching(
        /^rehearsal:app\.secrets must be stored encrypted; found it in clear\. Set it with: pulumi config set --path --secret /,
      ),
    ]);
  });

  it("is refused with a secret in clear beside an encrypted one", async () => {
    await checkout.setSecret(STACK, "rehearsal:app.secrets.PAYMENT_API_KEY", "correct-horse-battery");
    checkout.edit(`Pulumi.${STACK}.yaml`, (text) => text.replace(/^( +)PAYMENT_API_KEY:/m, "$1MAIL_KEY: hunter2\n$&"));
    const errors = await refusedAlike();
    expect(errors).not.toContain("hunter2");
    expect(faultLines(errors)).toEqual([
      "rehearsal:app.secrets.MAIL_KEY must be stored encrypted; found it in clear. Set it with: pulumi config set --path --secret 'rehearsal:app.secrets.MAIL_KEY' VALUE",
    ]);
  });

  it("is refused with one port for two purposes", async () => {
    checkout.configure(STACK, { gateway: { port: 20_100 }, database: { adminPort: 20_100 } });
    expect(faultLines(await refusedAlike())).toEqual([
      "rehearsal:database.adminPort must be another port than rehearsal:gateway.port; found 20100. Choose another one, or leave both out: they follow from the stack's name.",
    ]);
  });

  it("is refused where it is not YAML", async () => {
    checkout.edit(`Pulumi.${STACK}.yaml`, (text) => `${text}config:\n  rehearsal:app: [\n`);
    expect(await refusal(await checkout.up(STACK))).toMatch(/invalid YAML file: yaml: line \d+/);
  });
});

describe("the files of sandbox and production", () => {
  it("are refused where they differ in what they may not", async () => {
    checkout.configure("production", { app: { settingsModule: "airways.other" }, migration: { waitSeconds: 7 } });
    checkout.configure("production", { etl: { environment: { ETL_BATCH_SIZE: "9" } } });
    const errors = await refusedAlike("sandbox");
    expect(errors).toContain("Environments differ in what they may not; nothing was changed.");
    expect(faultLines(errors)).toEqual([
      'rehearsal:app.settingsModule must be the same in every environment; found "airways.settings" in Pulumi.sandbox.yaml and "airways.other" in Pulumi.production.yaml. What the rehearsal has not seen would run in production.',
      "rehearsal:etl.environment.ETL_BATCH_SIZE is not set in Pulumi.sandbox.yaml; a variable must be set in every environment, its value may differ. Add it to Pulumi.sandbox.yaml.",
      "rehearsal:etl.environment.ETL_INTERVAL_SECONDS is not set in Pulumi.production.yaml; a variable must be set in every environment, its value may differ. Add it to Pulumi.production.yaml.",
      "rehearsal:migration.waitSeconds stands in Pulumi.production.yaml and not in Pulumi.sandbox.yaml; both must hold the same keys. Add it to Pulumi.sandbox.yaml.",
    ]);
  });
});

describe("a new production", () => {
  it("says in one error what is still missing", async () => {
    const errors = faultLines(await refusedAlike("production"));
    expect(errors.map((line) => line.split(" must be ")[0])).toEqual([
      "rehearsal:tls.certificate.chain",
      "rehearsal:tls.certificate.key",
      "rehearsal:images.release",
    ]);
    expect(errors[0]).toContain("pulumi config set --path --secret 'rehearsal:tls.certificate.chain' < chain.pem");
    expect(errors[2]).toMatch(/found "none"\. .*npx rehearse promote --from sandbox --to production$/);
  });
});

describe("a certificate", () => {
  async function given(chain: string, key: string, { root }: Authority): Promise<string[]> {
    await checkout.setSecret(STACK, "rehearsal:tls.certificate.authority", root);
    await checkout.setSecret(STACK, "rehearsal:tls.certificate.chain", chain);
    await checkout.setSecret(STACK, "rehearsal:tls.certificate.key", key);
    return faultLines(await refusedAlike());
  }

  it("is refused with the key of another one", async () => {
    const authority = createAuthority("it-public");
    const [one, other] = [issueCertificate(authority, HOSTNAMES), issueCertificate(authority, HOSTNAMES)];
    expect(await given(one.chain, other.key, authority)).toEqual([
      "rehearsal:tls.certificate.key must be the key of the first certificate of the chain; found the key of another certificate. Set it with: pulumi config set --path --secret 'rehearsal:tls.certificate.key' < FILE.pem",
    ]);
  });

  it("is refused where it does not cover a hostname", async () => {
    const authority = createAuthority("it-public");
    const { chain, key } = issueCertificate(authority, HOSTNAMES.slice(0, 3));
    expect(await given(chain, key, authority)).toEqual([
      expect.stringMatching(
        /^rehearsal:tls\.certificate\.chain must be a certificate that covers every hostname of gateway\.hostnames; found a certificate for .* that lacks \*\.tenants\.it-faulty\.localhost\. Set it with: /,
      ),
    ]);
  });

  it("is refused where it has expired", async () => {
    const then = new Date(Date.now() - 1000 * DAY);
    const authority = createAuthority("it-public", then);
    const { chain, key } = issueCertificate(authority, HOSTNAMES, then);
    expect(await given(chain, key, authority)).toEqual([
      expect.stringMatching(
        /^rehearsal:tls\.certificate\.chain must be valid now and for 14 days more; found CN=it-faulty\.localhost valid from .* to .*\. Set it with: /,
      ),
    ]);
  });
});

describe("a project", () => {
  async function faultsOf(source: string, content: Readonly<Record<string, string>>): Promise<string[]> {
    mkdirSync(checkout.path(source));
    for (const [name, text] of Object.entries(content)) writeFileSync(checkout.path(source, name), text);
    checkout.configure(STACK, { app: { source } });
    return faultLines(await refusedAlike());
  }

  it("is refused where it does not exist", async () => {
    checkout.configure(STACK, { app: { source: "nowhere" } });
    expect(faultLines(await refusedAlike())).toEqual([
      'rehearsal:app.source must be a folder that holds manage.py, or a Dockerfile of the project\'s own; found "nowhere", which does not exist. Give the folder relative to Pulumi.yaml.',
    ]);
  });

  it("is refused without manage.py", async () => {
    expect(await faultsOf("shop", { "requirements.txt": "" })).toEqual([
      'rehearsal:app.source must be a folder that holds manage.py, or a Dockerfile of the project\'s own; found "shop" with neither. Give the folder relative to Pulumi.yaml.',
    ]);
  });

  it("is refused with requirements that are not pinned", async () => {
    expect(await faultsOf("loose", { "manage.py": "", "requirements.txt": "django>=5\n" })).toEqual([
      "rehearsal:app.source must be a folder whose requirements.txt pins every requirement to one version with its hashes; found django>=5 in loose/requirements.txt. Write it with uv export --format requirements-txt or pip-compile --generate-hashes.",
    ]);
  });
});

describe("an engine", () => {
  it.each([
    ["unix:///nonexistent.sock", "connect ENOENT /nonexistent.sock"],
    ["tcp://127.0.0.1:1", "connect ECONNREFUSED 127.0.0.1:1"],
  ])("is named where it does not answer: %s", async (host, reason) => {
    checkout.configure(STACK, { engine: { host } });
    expect(faultLines(await refusedAlike())).toEqual([
      `rehearsal:engine.host must be the address of a Docker engine that answers and manages a swarm; found no answer (${reason}) at "${host}". Start Docker there and run docker swarm init, or set another address with: pulumi config set --path 'rehearsal:engine.host' ADDRESS`,
    ]);
  });
});

describe("a port", () => {
  /** Listens on a free port until the test is over. */
  async function takenPort(address: string): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    onTestFinished(() => {
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  it.each([
    ["gateway", "port", "0.0.0.0"],
    ["database", "adminPort", "127.0.0.1"],
  ])("is named where another process has it: %s.%s", async (section, key, address) => {
    const port = await takenPort(address);
    checkout.configure(STACK, { [section]: { [key]: port } });
    expect(faultLines(await refusedAlike())).toEqual([
      `rehearsal:${section}.${key} must be a port that is free on the engine's host; found ${port}, which another process has. Stop that, or set another port with: pulumi config set --path 'rehearsal:${section}.${key}' PORT`,
    ]);
  });
});

describe("the command rehearse", () => {
  it.each([
    [
      ["perform"],
      2,
      'rehearse: "perform" must be one of evidence, incident, migration, promote, reproduce, run, snapshot, statistics.',
    ],
    [
      ["run", "--step", "rest"],
      2,
      `rehearse run: --step must be one of ${RUN_STEPS.map(({ id }) => id).join(", ")}; found rest`,
    ],
    [["evidence", "verify"], 2, "rehearse evidence: FILE or --stack must be given; found neither"],
    [
      ["evidence", "verify", "absent.json"],
      1,
      "rehearse evidence: absent.json must be a file of evidence; found ENOENT",
    ],
    [["incident", "add"], 2, "--release must be given; found nothing"],
    [["statistics", "--since", "yesterday"], 2, "--since must be a date such as 2026-01-01; found yesterday"],
    [["promote", "--into", "production"], 2, "rehearse promote: Unknown option '--into'"],
    [
      ["promote", "--from", "nowhere"],
      1,
      "stack nowhere must have deployed a release; pulumi says: error: no stack named",
    ],
    [["promote", "--from", STACK], 1, `stack ${STACK} must have deployed a release`],
  ])("refuses %j", async (words, exitCode, said) => {
    const before = checkout.read("Pulumi.production.yaml");
    const ended = await checkout.rehearse(...words);
    expect(await refusal(ended)).toContain(said);
    expect(ended.exitCode).toBe(exitCode);
    if (exitCode === 2) expect(ended.output).toContain("Usage: rehearse");
    expect(checkout.read("Pulumi.production.yaml")).toBe(before);
  });
});
