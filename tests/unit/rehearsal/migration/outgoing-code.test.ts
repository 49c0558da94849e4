import { describe, expect, it } from "vitest";
import { startSmoke } from "../../../../rehearsal/migration/outgoing-code.ts";
import { fakeEngine, streamFrame } from "../../engine/fake-engine.ts";

describe("code of a release that ends before it is done", () => {
  /** What is said of it, once it has told these events and written a line on standard error. */
  async function ended(exitCode: number, ...events: object[]): Promise<string> {
    const engine = await fakeEngine(
      ({ call }) => {
        if (call === "POST /containers/create") return { status: 201, body: { Id: "c1" } };
        if (call === "POST /containers/c1/wait") return { status: 200, body: { StatusCode: exitCode } };
        return { status: 204 };
      },
      (socket) => {
        socket.once("data", () => {
          for (const event of events) socket.write(streamFrame("stdout", `${JSON.stringify(event)}\n`));
          socket.end(streamFrame("stderr", "the last words\n"));
        });
      },
    );
    const run = { name: "code", image: "shop:1", command: ["smoke"], environment: {}, networks: [], memoryBytes: 4e8 };
    const code = await startSmoke(engine.docker, run);
    return await code.once().then(
      () => "it came to its end",
      (error: unknown) => (error as Error).message,
    );
  }
  const begins = (name: string) => ({ event: "begins", name });
  const done = (operation: string) => ({ event: "operation", operation, seconds: 0, error: null });

  it("is told with what it was at, and how much memory it may have where the kernel ended it", async () => {
    const events = [begins("GET /"), done("GET /"), begins("GET /all.csv"), done("GET /admin/")];
    expect(await ended(137, { event: "ready" }, ...events)).toBe(
      "the code of shop:1 must run on the database; it ended with exit code 137 while it was at GET /all.csv; " +
        "the kernel ends what wants more memory than the 400 MB there:\n  the last words",
    );
  });

  it("is told as that where nothing was under way, and where it ended by itself", async () => {
    expect(await ended(1, begins("GET /"), done("GET /"))).toBe(
      "the code of shop:1 must run on the database; it ended with exit code 1:\n  the last words",
    );
  });
});
