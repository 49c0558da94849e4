import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { configure } from "../../../../../toolchain/plugins/postgresql/configuration.ts";
import { alterStatements, createStatement } from "../../../../../toolchain/plugins/postgresql/database.ts";
import { defaultPrivilegeStatements } from "../../../../../toolchain/plugins/postgresql/default-privileges.ts";
import { grantId, grantStatements } from "../../../../../toolchain/plugins/postgresql/grant.ts";
import {
  privilegeFailures,
  samePrivileges,
  withGranted,
} from "../../../../../toolchain/plugins/postgresql/privileges.ts";
import {
  attributeClauses,
  observedSettings,
  settingStatements,
} from "../../../../../toolchain/plugins/postgresql/role-attributes.ts";
import { passwordVerifier } from "../../../../../toolchain/plugins/postgresql/scram.ts";

describe("a role's statements", () => {
  const role = { name: "app", login: true, connectionLimit: 5, validUntil: "infinity", inherit: true };

  it("spell out every attribute for a new role", () => {
    expect(attributeClauses(role)).toEqual([
      "LOGIN",
      "NOSUPERUSER",
      "NOCREATEDB",
      "NOCREATEROLE",
      "INHERIT",
      "NOREPLICATION",
      "NOBYPASSRLS",
      "CONNECTION LIMIT 5",
      "VALID UNTIL 'infinity'",
      "PASSWORD NULL",
    ]);
  });

  it("name only what differs of an existing one, so that no superuser is needed for the rest", () => {
    expect(attributeClauses({ ...role, login: false }, role)).toEqual(["NOLOGIN"]);
    expect(attributeClauses(role, role)).toEqual([]);
  });

  it("set and reset its settings", () => {
    expect(settingStatements("a b", { statementTimeout: 5 }, { searchPaths: ["x", 'y"z'] })).toEqual([
      'ALTER ROLE "a b" SET search_path TO "x", "y""z"',
      'ALTER ROLE "a b" RESET statement_timeout',
    ]);
  });

  it("read settings back as they were declared, and what somebody set by hand in milliseconds", () => {
    expect(observedSettings(['search_path="$user", public, "y""z"', "statement_timeout=2min", "role=owner"])).toEqual({
      searchPaths: ["$user", "public", 'y"z'],
      statementTimeout: 120_000,
      idleInTransactionSessionTimeout: 0,
      assumeRole: "owner",
    });
  });
});

describe("a password's stored form", () => {
  it("is the one that PostgreSQL computes", () => {
    const salt = Buffer.alloc(16, 7);
    const [, iterations, encodedSalt, storedKey, serverKey] =
      /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(passwordVerifier("open sesame", salt)) ?? [];
    expect(iterations).toBe("4096");
    expect(encodedSalt).toBe(salt.toString("base64"));
    const salted = pbkdf2Sync("open sesame", salt, 4096, 32, "sha256");
    const clientKey = createHmac("sha256", salted).update("Client Key").digest();
    expect(storedKey).toBe(createHash("sha256").update(clientKey).digest("base64"));
    expect(serverKey).toBe(createHmac("sha256", salted).update("Server Key").digest("base64"));
  });

  it.each(["md5900150983cd24fb0d6963f7d28e17f72", "SCRAM-SHA-256$4096:x$y:z", "pässword"])(
    "leaves %s as it is",
    (given) => {
      expect(passwordVerifier(given)).toBe(given);
    },
  );
});

describe("a database's statements", () => {
  it("take the official plugin's defaults, and the server's for DEFAULT", () => {
    expect(createStatement({ name: "shop", connectionLimit: -1 })).toBe(
      `CREATE DATABASE "shop" TEMPLATE "template0" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' ` +
        "ALLOW_CONNECTIONS true CONNECTION LIMIT -1",
    );
    expect(
      createStatement({
        name: "shop",
        owner: "o",
        template: "DEFAULT",
        encoding: "DEFAULT",
        lcCollate: "DEFAULT",
        lcCtype: "DEFAULT",
      }),
    ).toBe('CREATE DATABASE "shop" OWNER "o" ALLOW_CONNECTIONS true CONNECTION LIMIT -1');
  });

  it("alter what differs under its new name", () => {
    const before = { name: "a", owner: "x", connectionLimit: -1, allowConnections: true };
    expect(alterStatements(before, { ...before, name: "b", owner: "y", allowConnections: false })).toEqual([
      'ALTER DATABASE "a" RENAME TO "b"',
      'ALTER DATABASE "b" OWNER TO "y"',
      'ALTER DATABASE "b" ALLOW_CONNECTIONS false',
    ]);
  });

  it("leave the owner alone where the program does not name one", () => {
    expect(alterStatements({ name: "a", owner: "x" }, { name: "a" })).toEqual([]);
  });
});

describe("a grant's statements", () => {
  const base = { role: "app", database: "shop", schema: "public" };

  it.each([
    [{ objectType: "database", privileges: ["CONNECT"] }, 'DATABASE "shop"'],
    [{ objectType: "schema", privileges: ["USAGE"] }, 'SCHEMA "public"'],
    [{ objectType: "table", privileges: ["SELECT"] }, 'ALL TABLES IN SCHEMA "public"'],
    [{ objectType: "sequence", privileges: ["USAGE"], objects: ["a", "b"] }, 'SEQUENCE "public"."a", "public"."b"'],
    [{ objectType: "function", privileges: ["EXECUTE"] }, 'ALL FUNCTIONS IN SCHEMA "public"'],
  ])("take everything away first: %j", (inputs, target) => {
    expect(grantStatements({ ...base, ...inputs }, true)).toEqual([
      `REVOKE ALL PRIVILEGES ON ${target} FROM "app"`,
      `GRANT ${inputs.privileges.join(", ")} ON ${target} TO "app"`,
    ]);
  });

  it("grant nothing for an empty list, nor when the grant goes, and know PUBLIC", () => {
    const inputs = { ...base, role: "public", objectType: "database", privileges: [] };
    expect(grantStatements(inputs, true)).toEqual(['REVOKE ALL PRIVILEGES ON DATABASE "shop" FROM PUBLIC']);
    expect(grantStatements({ ...inputs, privileges: ["CONNECT"] }, false)).toHaveLength(1);
  });

  it("have the official plugin's id", () => {
    expect(grantId({ ...base, objectType: "database" })).toBe("app_shop_database");
    expect(grantId({ ...base, objectType: "table", objects: ["a", "b"] })).toBe("app_shop_public_table_a_b");
  });

  it("for objects to come name their owner", () => {
    const inputs = { ...base, owner: "owner", objectType: "table", privileges: ["SELECT"], withGrantOption: true };
    expect(defaultPrivilegeStatements(inputs, true)).toEqual([
      'ALTER DEFAULT PRIVILEGES FOR ROLE "owner" IN SCHEMA "public" REVOKE ALL ON TABLES FROM "app"',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "owner" IN SCHEMA "public" GRANT SELECT ON TABLES TO "app" WITH GRANT OPTION',
    ]);
  });
});

describe("privileges", () => {
  it("are the same in another order, and ALL is each that there is", () => {
    expect(samePrivileges(["SELECT", "INSERT"], ["INSERT", "SELECT"], "table")).toBe(true);
    expect(samePrivileges(["SELECT"], ["INSERT", "SELECT"], "table")).toBe(false);
    expect(samePrivileges(["ALL"], ["USAGE", "CREATE"], "schema")).toBe(true);
    expect(samePrivileges(["ALL"], ["USAGE"], "schema")).toBe(false);
    // PostgreSQL 17 has one more than the official plugin knows.
    const all = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"];
    expect(samePrivileges(["ALL"], all, "table")).toBe(true);
  });

  it("keep the program's order where nothing differs", () => {
    const declared = { objectType: "table", privileges: ["SELECT", "INSERT"] };
    expect(withGranted(declared, ["INSERT", "SELECT"])).toBe(declared);
    expect(withGranted(declared, ["SELECT"])["privileges"]).toEqual(["SELECT"]);
  });

  it("and object types that are not known are refused with those that are", () => {
    expect(privilegeFailures({ objectType: "table", privileges: ["USAGE"] }, ["table"])[0]?.reason).toContain(
      'must be one of ALL, SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER; found "USAGE"',
    );
    expect(privilegeFailures({ objectType: "column", privileges: [] }, ["table"])[0]).toEqual({
      property: "objectType",
      reason: 'objectType must be one of table here; found "column"',
    });
  });
});

describe("the provider's configuration", () => {
  it("takes libpq's environment where it is unset, and the official defaults where that is", () => {
    const { settings } = configure(
      { host: "db", maxConnections: 20, superuser: true },
      { PGPORT: "6000", PGSSLMODE: "disable" },
    );
    expect(settings).toMatchObject({ host: "db", port: 6000, database: "postgres", username: "postgres", tls: false });
  });

  it("refuses a way to encrypt that it does not know", () => {
    expect(() => configure({ sslmode: "prefer" }, {})).toThrow("disable, require, verify-ca or verify-full; found");
  });
});
