import { describe, expect, it } from "vitest";
import { type LockHolder, lockFindings } from "../../../../rehearsal/run/database/headroom/advisory-locks.ts";

const holder: LockHolder = { role: "etl", application: "psql", address: "172.18.0.1", lock: "4711", seconds: 90 };

describe("advisory locks", () => {
  it("stop the release where a session holds one that is no task's and does nothing", () => {
    expect(lockFindings([holder], ["10.0.3.7"])).toMatchObject([
      {
        id: "database.lock-held",
        severity: "blocking",
        subject: "advisory lock 4711",
        cause:
          "a session of etl (psql) from 172.18.0.1, which is no task of the environment, holds it and has done nothing for 1 min 30 s",
      },
    ]);
    expect(lockFindings([{ ...holder, address: null }], [])).toHaveLength(1);
  });

  it("are no matter where a task holds them, or somebody who is at work", () => {
    expect(lockFindings([{ ...holder, address: "10.0.3.7" }], ["10.0.3.7"])).toEqual([]);
    expect(lockFindings([{ ...holder, seconds: 20 }], [])).toEqual([]);
  });
});
