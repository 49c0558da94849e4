import type { Check } from "./check.ts";
import { taskProbes } from "./task-probe.ts";

/** Pages are well, and the first upload answers 500. */
export const appMedia: Check = {
  id: "app.media",
  title: "the application can write uploaded files",
  cause: "The media volume is not mounted, is full, or belongs to another user.",
  consequence: "Every upload fails, and what was uploaded before is not found.",
  remedy: "Run pulumi up --refresh, which puts mounts back; give what is on the volume to user 10001.",
  run: async (environment) =>
    (await taskProbes(environment)).flatMap(({ service, media }) =>
      media === null ? [] : [{ expected: `a file can be written below MEDIA_ROOT of ${service}`, seen: media }],
    ),
};
