import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { rootCertificates } from "node:tls";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { consistencyFaults, fullHostnames } from "../../../config/consistency.ts";
import type { SettingFault } from "../../../config/load-settings.ts";
import { type Given, givenCertificate, ODD_CERTIFICATES, pemCertificates } from "./certificates.ts";
import { changed, faultsOf, leastSettings, parsed } from "./raw-settings.ts";

const DAY = 86_400_000;
const HOSTNAMES = ["example.com", "www.example.com", "*.tenants.example.com"];

describe("full hostnames", () => {
  it("are relative names under the domain, and the domain itself for @", () => {
    expect(fullHostnames("example.com", ["@", "www", "*.tenants", "*"])).toEqual([
      "example.com",
      "www.example.com",
      "*.tenants.example.com",
      "*.example.com",
    ]);
  });
});

describe("app.source", () => {
  it("must be there when the release is built", () => {
    expect(faultsOf(changed({ "app.source": "no/such/folder" }))).toEqual([
      {
        path: "rehearsal:app.source",
        rule: "a folder that holds manage.py, or a Dockerfile of the project's own",
        found: '"no/such/folder", which does not exist',
        remedy: "Give the folder relative to Pulumi.yaml.",
      },
    ]);
  });

  /** Faults of a folder with these files. */
  function faultsWith(files: Readonly<Record<string, string>>): { folder: string; faults: readonly SettingFault[] } {
    const folder = mkdtempSync(path.join(tmpdir(), "source-"));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    return { folder, faults: faultsOf(changed({ "app.source": folder })) };
  }

  it("must hold manage.py or a Dockerfile", () => {
    const { folder, faults } = faultsWith({ "requirements.txt": "" });
    expect(faults).toEqual([expect.objectContaining({ found: `${JSON.stringify(folder)} with neither` })]);
    expect(faultsWith({ Dockerfile: "FROM scratch" }).faults).toEqual([]);
    expect(faultsWith({ "manage.py": "", "requirements.txt": "" }).faults).toEqual([]);
  });

  it("must pin every requirement with hashes, unless a Dockerfile of its own installs them", () => {
    const pinned =
      "# by uv\n--index-url https://pypi.example.com\ndjango==5.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n\n";
    expect(faultsWith({ "manage.py": "", "requirements.txt": pinned }).faults).toEqual([]);
    const loose = `${pinned}gunicorn==23.0\npsycopg>=3\n`;
    const { folder, faults } = faultsWith({ "manage.py": "", "requirements.txt": loose });
    expect(faults).toEqual([
      {
        path: "rehearsal:app.source",
        rule: "a folder whose requirements.txt pins every requirement to one version with its hashes",
        found: `gunicorn==23.0, psycopg>=3 in ${folder}/requirements.txt`,
        remedy: "Write it with uv export --format requirements-txt or pip-compile --generate-hashes.",
      },
    ]);
    expect(faultsWith({ "manage.py": "", "requirements.txt": loose, Dockerfile: "FROM scratch" }).faults).toEqual([]);
  });

  it("must hold requirements.txt where it has no Dockerfile", () => {
    const { folder, faults } = faultsWith({ "manage.py": "" });
    expect(faults).toEqual([expect.objectContaining({ found: `no file ${folder}/requirements.txt` })]);
  });

  it("is not asked for when the release was built before", () => {
    const image = `reference/application:1@sha256:${"0".repeat(64)}`;
    const release = { application: image, static: image, gateway: image, postgres: image };
    expect(faultsOf(changed({ "app.source": "no/such/folder", "images.release": release }))).toEqual([]);
  });
});

describe("database.adminPort", () => {
  it("must not be the gateway's port", () => {
    expect(faultsOf(changed({ "gateway.port": 8443, "database.adminPort": 8443 }))).toEqual([
      {
        path: "rehearsal:database.adminPort",
        rule: "another port than rehearsal:gateway.port",
        found: "8443",
        remedy: "Choose another one, or leave both out: they follow from the stack's name.",
      },
    ]);
  });

  it("does not matter where no container is administered", () => {
    const server = { host: "db.example.com", username: "admin", password: "p" };
    const raw = changed({
      "gateway.port": 8443,
      "database.adminPort": 8443,
      "database.server": server,
      "database.snapshot": "none",
      "network.outside": true,
    });
    expect(faultsOf(raw, ["database"])).toEqual([]);
  });
});

describe("database.snapshot", () => {
  const server = { host: "db.example.com", username: "admin", password: "p" };
  const external = { "database.server": server, "network.outside": true };

  it.each(["newest", "0123456789ab"])(
    "%j must be none where the data is kept, or on a server of others",
    (snapshot) => {
      const fault = {
        path: "rehearsal:database.snapshot",
        found: JSON.stringify(snapshot),
        remedy: "Set it with: pulumi config set --path 'rehearsal:database.snapshot' none",
      };
      expect(faultsOf(changed({ "database.protect": true, "database.snapshot": snapshot }))).toEqual([
        { ...fault, rule: "none where rehearsal:database.protect is true: what starts from a snapshot is not kept" },
      ]);
      expect(faultsOf(changed({ ...external, "database.snapshot": snapshot }), ["database"])).toEqual([
        {
          ...fault,
          rule: "none where rehearsal:database.server is an external server: a snapshot is a container's image",
        },
      ]);
    },
  );

  it("may be none anywhere, and the beginning of an id where the data goes with the environment", () => {
    expect(faultsOf(changed({ "database.protect": true, "database.snapshot": "none" }))).toEqual([]);
    expect(faultsOf(changed({ ...external, "database.snapshot": "none" }), ["database"])).toEqual([]);
    expect(faultsOf(changed({ "database.snapshot": "012345" }))).toEqual([]);
  });
});

describe("tests", () => {
  const suite = { id: "api", command: ["pytest"] };

  it("have an id of their own each", () => {
    expect(faultsOf(changed({ "tests.suites": [suite, { ...suite, id: "pages" }, suite] }))).toEqual([
      {
        path: "rehearsal:tests.suites",
        rule: "a list of suites with an id of its own for each",
        found: '"api" more than once',
        remedy: "Rename one of them.",
      },
    ]);
  });

  it("have a Dockerfile that exists, but for where no test may run", () => {
    expect(faultsOf(changed({ "tests.dockerfile": "no/such/Dockerfile" }))).toEqual([
      {
        path: "rehearsal:tests.dockerfile",
        rule: "an existing Dockerfile, relative to Pulumi.yaml, or none",
        found: '"no/such/Dockerfile", which does not exist',
        remedy: "Mend the path, or set it with: pulumi config set --path 'rehearsal:tests.dockerfile' none",
      },
    ]);
    const kept = { "database.protect": true, "database.snapshot": "none", "tests.dockerfile": "no/such/Dockerfile" };
    expect(faultsOf(changed(kept))).toEqual([]);
  });
});

describe("network.outside", () => {
  it("must be set with an external database, which sealed networks do not reach", () => {
    const server = { host: "db.example.com", username: "admin", password: "p" };
    expect(
      faultsOf(changed({ "database.server": server, "database.snapshot": "none", "network.outside": false }), [
        "database",
      ]),
    ).toEqual([
      {
        path: "rehearsal:network.outside",
        rule: "true where rehearsal:database.server is an external server: sealed networks do not reach it",
        found: "false",
        remedy:
          "Run the database as a container, or set it with: pulumi config set --path 'rehearsal:network.outside' true",
      },
    ]);
  });

  it.each([true, false])("may be %j with a database of the environment's own", (outside) => {
    expect(faultsOf(changed({ "network.outside": outside }))).toEqual([]);
  });
});

describe("a given certificate", () => {
  let given: Given;
  beforeAll(() => {
    given = givenCertificate(HOSTNAMES);
  });

  /** Faults of the certificate `changes` at `now` (milliseconds). */
  function faults(
    changes: Partial<Given> = {},
    now = Date.now(),
    hostnames = ["@", "www", "*.tenants"],
  ): SettingFault[] {
    const settings = parsed({ ...leastSettings(), gateway: { domain: "example.com", hostnames } });
    return consistencyFaults({ ...settings, tls: { certificate: { ...given, ...changes } } }, now);
  }

  const fault = (name: string, rule: string, found: unknown): SettingFault => ({
    path: `rehearsal:tls.certificate.${name}`,
    rule,
    found: found as string,
    remedy: `Set it with: pulumi config set --path --secret 'rehearsal:tls.certificate.${name}' < FILE.pem`,
  });

  it("that is right has no fault", () => {
    expect(faults()).toEqual([]);
  });

  it("must lead to an authority that clients know, where none is named", () => {
    const settings = parsed({ ...leastSettings(), gateway: { domain: "example.com", hostnames: ["@"] } });
    const rules = (chain: string) =>
      consistencyFaults({ ...settings, tls: { certificate: { chain, key: given.key } } }).map(({ rule }) => rule);
    expect(rules(given.chain)).toEqual([expect.stringMatching(/^whole up to an authority that clients know/)]);
    // One that clients know leads to itself; all else about it is wrong.
    const [known = ""] = rootCertificates;
    expect(rules(known).filter((rule) => rule.startsWith("whole"))).toEqual([]);
  });

  it("must be the certificate of the key", () => {
    const { key } = givenCertificate(HOSTNAMES);
    expect(faults({ key })).toEqual([
      fault("key", "the key of the first certificate of the chain", "the key of another certificate"),
    ]);
  });

  it("must have a key that can be read, without a passphrase", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const encrypted = privateKey
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
      .toString();
    const garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (const key of [encrypted, garbage]) {
      const rule = "a private key in PEM form without a passphrase";
      expect(faults({ key })).toEqual([fault("key", rule, expect.stringMatching(/./))]);
    }
  });

  it("must cover every hostname: an uncovered one is named", () => {
    expect(faults({}, Date.now(), ["@", "www", "api", "*.tenants", "*.other"])).toEqual([
      fault(
        "chain",
        "a certificate that covers every hostname of gateway.hostnames",
        "a certificate for DNS:example.com, DNS:www.example.com, DNS:*.tenants.example.com that lacks api.example.com, *.other.example.com",
      ),
    ]);
  });

  it("covers by a wildcard one label and no more", () => {
    const wildcard = givenCertificate(["example.com", "*.example.com"]);
    expect(faults(wildcard, Date.now(), ["@", "www", "*"])).toEqual([]);
    expect(faults(wildcard, Date.now(), ["a.b"])).toHaveLength(1);
    expect(faults(wildcard, Date.now(), ["*.tenants"])).toHaveLength(1);
  });

  it("must be one that browsers take from a server", () => {
    const strength = "keys that browsers take: RSA of 2048 bits or more, or a curve P-256 or P-384";
    expect(faults({ chain: ODD_CERTIFICATES["on a curve that browsers do not take"] })).toContainEqual(
      fault("chain", strength, "CN=strong.test with a key of ec secp521r1"),
    );
    const usage = "a certificate for servers (extended key usage serverAuth)";
    const ofClient = faults({ chain: ODD_CERTIFICATES["for clients"] });
    expect(ofClient).toContainEqual(fault("chain", usage, "one for 1.3.6.1.5.5.7.3.2"));
    expect(ofClient.map(({ rule }) => rule)).not.toContain(strength);
  });

  it("must not have expired, and not be about to", () => {
    const expired = givenCertificate(HOSTNAMES, new Date(Date.now() - 900 * DAY));
    expect(faults(expired)).toEqual([
      fault("chain", "valid now and for 14 days more", expect.stringMatching(/^CN=example\.com valid from .* to .*/)),
    ]);
    expect(faults({}, Date.now() + 800 * DAY)).toEqual([]);
    expect(faults({}, Date.now() + 807 * DAY)).toHaveLength(1);
  });

  it("must be valid already, each certificate of the chain", () => {
    const early = givenCertificate(HOSTNAMES, new Date(Date.now() + 30 * DAY));
    expect(faults(early).map(({ found }) => found)).toEqual([
      expect.stringMatching(/^CN=example\.com valid from /),
      expect.stringMatching(/^CN=test intermediate valid from /),
    ]);
  });

  it("must have each certificate of its chain on lines of its own", () => {
    const [server = "", intermediate = ""] = pemCertificates(given.chain);
    expect(faults({ chain: `${server.trimEnd()}${intermediate}` })).toEqual([
      fault(
        "chain",
        "certificates that each begin on a line of its own",
        "one that begins on the line on which another ends",
      ),
    ]);
    expect(faults({ chain: `${server.trimEnd()}\r\n${intermediate}` })).toEqual([]);
  });

  it("must come with its chain in order", () => {
    const [server = "", intermediate = ""] = pemCertificates(given.chain);
    const rule = "in order: the server's certificate first, each issued by the next";
    const found = "CN=example.com before CN=test root, which did not issue it";
    expect(faults({ chain: `${server}\n${given.authority}` })).toEqual([fault("chain", rule, found)]);
    expect(faults({ chain: `${intermediate}\n${server}` })).toContainEqual(
      fault("chain", rule, "CN=test intermediate before CN=example.com, which did not issue it"),
    );
    const { authority } = givenCertificate(HOSTNAMES);
    expect(faults({ authority })).toEqual([
      fault("chain", rule, "CN=test intermediate before CN=test root, which did not issue it"),
    ]);
  });

  it("must be PEM: garbage is refused and quoted nowhere", () => {
    const garbage = "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n";
    expect(faults({ chain: garbage })).toEqual([
      fault("chain", "a chain of certificates in PEM form", expect.stringMatching(/./)),
    ]);
    expect(faults({ chain: "-----BEGIN CERTIFICATE-----" })).toEqual([
      fault("chain", "a chain of certificates in PEM form", "none"),
    ]);
    expect(faults({ authority: garbage })).toEqual([
      fault("authority", "a certificate in PEM form", expect.stringMatching(/./)),
    ]);
  });

  it("shows every fault at once", () => {
    const { key } = givenCertificate(HOSTNAMES);
    const expired = givenCertificate(["other.example.com"], new Date(Date.now() - 900 * DAY));
    expect(faults({ ...expired, key }).map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "rehearsal:tls.certificate.key the key of the first certificate of the chain",
      "rehearsal:tls.certificate.chain valid now and for 14 days more",
      "rehearsal:tls.certificate.chain a certificate that covers every hostname of gateway.hostnames",
    ]);
  });

  it("is checked when a stack's settings are read", () => {
    const raw = { ...leastSettings(), gateway: { domain: "example.com", hostnames: ["api"] } };
    const { chain, key, authority } = given;
    expect(faultsOf({ ...raw, tls: { certificate: { chain, key, authority } } }, ["tls"])).toEqual([
      expect.objectContaining({ rule: "a certificate that covers every hostname of gateway.hostnames" }),
    ]);
  });
});
