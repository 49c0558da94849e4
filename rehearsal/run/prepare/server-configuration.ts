import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Finding } from "../../finding.ts";
import type { DeclaredObject } from "../declaration.ts";
import type { ImageFiles } from "../image-files.ts";
import { configurationFile, furtherWords, type ServiceSpec, specOf } from "../server-command.ts";

/** Of settings that are seldom written in full. */
const SHORT: Readonly<Record<string, string>> = { bind: "-b", timeout: "-t", worker_class: "-k", workers: "-w" };
/** What stands in place of a setting, and no option of the command. */
const VARIABLES: Readonly<Record<string, string>> = { workers: "WEB_CONCURRENCY" };
/** The command names it without an option. */
const POSITIONAL = "wsgi_app";

/**
 * Servers whose configuration the checkout has and the image has not: gunicorn reads it where it is, and says nothing where it
 * is not. It is a matter of this step and of no check after a deployment, which knows neither the checkout nor the release
 * before.
 *
 * @param source folder of the checkout that is as the one in the image
 * @param before files of the release before; undefined where they are not known
 */
export function serverConfigurationFindings(
  services: readonly DeclaredObject[],
  image: ImageFiles,
  source: string,
  before: readonly string[] | undefined,
): Finding[] {
  return services.flatMap((service): Finding[] => {
    const spec = specOf(service);
    const asked = configurationFile(spec) ?? "";
    if (image.texts[asked] !== null) return [];
    const name = path.posix.isAbsolute(asked) ? path.posix.relative(image.folder, asked) : asked;
    const file = path.join(source, name);
    if (name.startsWith("..") || !existsSync(file)) return [];
    const lost = lostSettings(readFileSync(file, "utf8"), spec);
    if (lost.length === 0) return [];
    const always = before?.includes(name) === false;
    return [
      {
        id: "prepare.server-configuration",
        // A file that no release had may be another server's.
        severity: always ? "warning" : "blocking",
        subject: name,
        cause:
          `the checkout has it, and the image has none where the server of ${service.name} looks for it (${image.folder}): ` +
          `${lost.join(", ")} ${lost.length === 1 ? "is" : "are"} as without it${always ? ", as with the release before" : ""}`,
        consequence:
          "The server starts with its defaults without a word, gunicorn with one process of one thread that is ended after " +
          "30 s: a few requests at a time make everybody wait.",
        remedy:
          "Take the file out of .dockerignore, or have the Dockerfile copy it to the folder that the server starts in.",
      },
    ];
  });
}

/** What the configuration sets, and neither the command nor a variable does. */
function lostSettings(text: string, { command, variables }: ServiceSpec): string[] {
  const words = [...command, ...furtherWords(variables)].map((word) => word.replace(/=.*$/s, ""));
  const options = words.filter((word) => word.startsWith("--")).map(plain);
  const names = [...text.matchAll(/^([a-z]\w*)\s*=(?!=)/gm)].map(([, name = ""]) => name);
  return [...new Set(names)].filter(
    (name) =>
      name !== POSITIONAL &&
      variables[VARIABLES[name] ?? ""] === undefined &&
      !words.includes(SHORT[name] ?? "--") &&
      // As in accesslog, which the option --access-logfile sets.
      !options.some((option) => option.startsWith(plain(name))),
  );
}

function plain(name: string): string {
  return name.replaceAll(/[-_]/g, "");
}
