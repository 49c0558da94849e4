import { aptInstall } from "../apt.mjs";
import { which } from "../files.mjs";

/** Those that the browser tests can drive. */
const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** @type {import("../context.mjs").Step} */
export const browser = {
  name: "browser",
  takes: "Chromium or Chrome on PATH, or the distribution's package chromium",
  for: ["test"],
  remedy: `install Chromium or Chrome, so that one of ${names.join(", ")} is on PATH`,

  async present({ user }) {
    const file = names.map((name) => which(name, user["PATH"])).find((found) => found !== undefined);
    return file && `found at ${file}`;
  },

  async install(context, progress) {
    await aptInstall(context, ["chromium"], progress);
    return "the distribution's package chromium";
  },
};
