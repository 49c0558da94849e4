import { describe, expect, it } from "vitest";
import { errorsOf } from "../../../../rehearsal/run/logs/meanwhile.ts";

const json = (message: string, exception = "") =>
  JSON.stringify({ level: "ERROR", logger: "django.request", message, ...(exception === "" ? {} : { exception }) });

describe("what the application logs while it is checked", () => {
  it("is told once of each kind, the most frequent first, with what ends its traceback", () => {
    const refused =
      "Traceback (most recent call last):\n  File x\nredis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379";
    const log = [
      json("Internal Server Error: /about/", "Traceback\nKeyError: 'a'"),
      json("Internal Server Error: /airports/1/", refused),
      json("Internal Server Error: /airports/2/", refused),
      JSON.stringify({ level: "INFO", message: "GET /" }),
    ].join("\n");
    const [first = "", second = "", ...more] = errorsOf([log], []);
    expect(more).toEqual([]);
    expect(first).toContain("redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379");
    expect(first).toMatch(/\(2 times\)$/);
    expect(second).toContain("KeyError: 'a'");
  });

  it("shows no value of a secret", () => {
    const [told = ""] = errorsOf([json("cannot log in with hunter2-hunter2 at db")], ["hunter2-hunter2", "db"]);
    expect(told).toContain("cannot log in with *** at db");
    expect(errorsOf(["all is well"], [])).toEqual([]);
  });
});
