import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { completed, shellText, variables } from "../../../toolchain/environment.mjs";
import { paths } from "../../../toolchain/paths.mjs";
import { script, temporaryDirectory } from "./temporary.ts";

test("points Pulumi at the checkout's own home, state and passphrase", () => {
  const where = paths("/checkout");
  expect(variables(where, { PATH: "/usr/bin" })).toEqual({
    PULUMI_HOME: "/checkout/.toolchain/home",
    PULUMI_BACKEND_URL: "file:///checkout/.toolchain/state?metadata=skip",
    PULUMI_CONFIG_PASSPHRASE_FILE: "/checkout/.toolchain/passphrase",
    PULUMI_SKIP_UPDATE_CHECK: "1",
    NODE_COMPILE_CACHE: "/checkout/.toolchain/cache/node-compile",
    REHEARSAL_CHECKOUT: "/checkout",
    PATH: "/checkout/.toolchain/bin:/usr/bin",
  });
});

test("keeps what the user has set", () => {
  const own = { PULUMI_BACKEND_URL: "s3://team", PULUMI_CONFIG_PASSPHRASE: "team's", PULUMI_HOME: "/home/ada/.pulumi" };
  const env = completed(paths("/checkout"), own);
  expect(env).toMatchObject(own);
  expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE_FILE");
});

test("takes nothing over from another checkout that was activated in the same shell", () => {
  const own = { PATH: "/usr/bin", PULUMI_SKIP_UPDATE_CHECK: "yes" };
  const elsewhere = completed(paths("/elsewhere"), own);
  expect(completed(paths("/checkout"), elsewhere)).toEqual(completed(paths("/checkout"), own));
  const team = { ...own, PULUMI_BACKEND_URL: "s3://team" };
  expect(completed(paths("/checkout"), completed(paths("/elsewhere"), team))["PULUMI_BACKEND_URL"]).toBe("s3://team");
});

test("does not grow PATH when it is activated twice", () => {
  const where = paths("/checkout");
  const once = completed(where, { PATH: "/usr/bin" });
  expect(completed(where, once)["PATH"]).toBe(once["PATH"]);
});

test("keeps other installations' plugins away from the checkout's own CLI only", () => {
  const root = temporaryDirectory();
  expect(variables(paths(root), {})).not.toHaveProperty("PULUMI_IGNORE_AMBIENT_PLUGINS");
  script(path.join(root, ".toolchain", "bin", "pulumi"), "true");
  expect(variables(paths(root), {})["PULUMI_IGNORE_AMBIENT_PLUGINS"]).toBe("1");
});

test("makes shell text that survives any path", () => {
  const root = path.join(temporaryDirectory(), "it's a $(date) checkout");
  const where = paths(root);
  const printed = execFileSync("bash", ["-c", `${shellText(where, { PATH: "/bin" })}printf %s "$PULUMI_BACKEND_URL"`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  expect(printed).toBe(`${pathToFileURL(where.state).href}?metadata=skip`);
});

test("says which of the user's own variables it kept", () => {
  expect(shellText(paths("/checkout"), { PULUMI_HOME: "/mine" })).toContain(
    "not set up yet, run `npm run set-up`; kept from your environment: PULUMI_HOME",
  );
});

test.each(["bash", "zsh"].filter((shell) => fs.existsSync(`/usr/bin/${shell}`)))(
  "is activated by %s from anywhere",
  (shell) => {
    const { toolchain } = paths();
    const file = path.resolve("toolchain/activate");
    const command = `cd / && source '${file}' 2>/dev/null && printf %s "$PULUMI_HOME"`;
    const env = { ...process.env, PULUMI_HOME: "" };
    expect(execFileSync(shell, ["-c", command], { encoding: "utf8", env })).toBe(path.join(toolchain, "home"));
  },
);
