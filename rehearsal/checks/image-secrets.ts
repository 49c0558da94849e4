import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** Whoever can pull an image can read every file in it, and in its layers for good. */
export const imageSecrets: Check = {
  id: "image.secrets",
  title: "no file of the project in the image holds a secret",
  cause: "A .env file, a key or credentials of a developer's that .dockerignore does not name.",
  consequence: "Whoever can pull the image has the secret, and Django may take a developer's settings for its own.",
  remedy: "Name the file in .dockerignore, build again, and make a new secret: the old one is in a layer of an image.",
  run: async (environment) =>
    (await inspection(environment, "secretFiles")).map((seen) => ({ expected: "files without secrets", seen })),
};
