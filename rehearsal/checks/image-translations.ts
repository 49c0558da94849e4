import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** Django goes on in the source's language where a catalogue is missing, and nothing says so. */
export const imageTranslations: Check = {
  id: "image.translations",
  title: "every catalogue of translations is compiled",
  cause: "The command compilemessages was not run for the release, or .dockerignore leaves *.mo out.",
  consequence: "Users of that language see another one, and no error says so.",
  remedy: "Run python manage.py compilemessages before the image is built, or in its Dockerfile.",
  run: async (environment) =>
    (await inspection(environment, "untranslated")).map((file) => ({
      expected: `${file.replace(/po$/, "mo")} beside ${file}`,
      seen: "no compiled catalogue",
    })),
};
