import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { maskingKey } from "../../../../rehearsal/snapshot/masking/masking-key.ts";
import { sourceAddress } from "../../../../rehearsal/snapshot/source-address.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

function messageOf(url: string): string {
  try {
    sourceAddress(url);
    return "";
  } catch (error) {
    return String(error);
  }
}

describe("the address of a source", () => {
  it("is read from a URL, with what is escaped in it", () => {
    expect(sourceAddress("postgres://re%40port:p%3Aw@db.example.org:6543/my%20app?sslmode=require")).toEqual({
      host: "db.example.org",
      port: 6543,
      username: "re@port",
      password: "p:w",
      database: "my app",
      sslmode: "require",
    });
  });

  it("takes the password from PGPASSWORD, and verifies certificates but for this machine", () => {
    vi.stubEnv("PGPASSWORD", "from the environment");
    expect(sourceAddress("postgresql://report@db.example.org/app")).toMatchObject({
      password: "from the environment",
      port: 5432,
      sslmode: "verify-full",
    });
    expect(sourceAddress("postgres://report@127.0.0.1/app").sslmode).toBe("disable");
  });

  it.each([
    ["mysql://u:geheim@h/d", /without the scheme postgres/],
    ["postgres://h/d", /without a user/],
    ["postgres://u:geheim@h", /without a database/],
    ["postgres://u:geheim@h/d?sslmode=prefer", /sslmode of --from must be one of disable.*found prefer/],
    ["postgres://u:geheim@[/d", /must be a stack or a URL/],
  ])("refuses %s without showing a password", (url, fault) => {
    expect(() => sourceAddress(url)).toThrow(fault);
    expect(messageOf(url)).not.toContain("geheim");
  });
});

describe("the key of masks", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "masking-key-"));
  const file = path.join(folder, "state", "masking-key");
  afterEach(() => {
    rmSync(path.join(folder, "state"), { recursive: true, force: true });
  });

  it("is made once, for its owner alone, and kept", () => {
    vi.stubEnv("REHEARSE_MASKING_KEY", "");
    const made = maskingKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(maskingKey(file)).toEqual(made);
    expect(made.fingerprint).toMatch(/^[0-9a-f]{12}$/);
    chmodSync(file, 0o644);
    expect(() => maskingKey(file)).toThrow(/chmod 600/);
  });

  it("comes from REHEARSE_MASKING_KEY where that is set, unless it is too short", () => {
    vi.stubEnv("REHEARSE_MASKING_KEY", "0123456789abcdef");
    expect(maskingKey(file).key).toHaveLength(32);
    vi.stubEnv("REHEARSE_MASKING_KEY", "short");
    expect(() => maskingKey(file)).toThrow(/at least 16 characters; found 5/);
  });
});
