import { aptInstall } from "../apt.mjs";
import { which } from "../files.mjs";

/** Those that the browser tests can drive. */
const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/** Makes the browser of the tests trust an environment's certificate authority. */
const certutil = "certutil";

/** @type {import("../context.mjs").Step} */
export const browser = {
  name: "browser",
  takes: "Chromium or Chrome, and certutil, on PATH, or the distribution's packages chromium and libnss3-tools",
  for: ["test"],
  remedy: `install Chromium or Chrome, so that one of ${names.join(", ")} is on PATH, and certutil of NSS`,

  async present({ user }) {
    const [file, tool] = [browserFile(user), which(certutil, user["PATH"])];
    return file && tool && `found at ${file}`;
  },

  async install(context, progress) {
    const { user } = context;
    const missing = [
      ...(browserFile(user) ? [] : ["chromium"]),
      ...(which(certutil, user["PATH"]) ? [] : ["libnss3-tools"]),
    ];
    await aptInstall(context, missing, progress);
    return `the distribution's ${missing.join(" and ")}`;
  },
};

/** @param {import("../context.mjs").Context["user"]} user */
function browserFile(user) {
  return names.map((name) => which(name, user["PATH"])).find((found) => found !== undefined);
}
