import { describe, expect, it } from "vitest";
import { Interrupted, interruptible } from "../../../engine/interruption.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

describe("work that may be interrupted", () => {
  it("is told so by its signal, once, and ends as interrupted whatever it does then", async () => {
    let told = 0;
    const done = interruptible(
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            resolve("done all the same");
          });
          process.emit("SIGINT", "SIGINT");
          process.emit("SIGTERM", "SIGTERM");
        }),
      () => told++,
    );
    await expect(done).rejects.toBeInstanceOf(Interrupted);
    expect(told).toBe(1);
    const failed = interruptible(
      () => {
        process.emit("SIGHUP", "SIGHUP");
        return Promise.reject(new Error("its container is gone"));
      },
      () => told++,
    );
    await expect(failed).rejects.toBeInstanceOf(Interrupted);
  });

  it("ends as it does where nobody interrupts, and leaves the signals to the process afterwards", async () => {
    const before = SIGNALS.map((name) => process.listenerCount(name));
    await expect(
      interruptible(
        () => Promise.resolve(3),
        () => undefined,
      ),
    ).resolves.toBe(3);
    const fault = interruptible(
      () => Promise.reject(new Error("its own")),
      () => undefined,
    );
    await expect(fault).rejects.toThrow("its own");
    expect(SIGNALS.map((name) => process.listenerCount(name))).toEqual(before);
  });
});
