import { shellText } from "./environment.mjs";
import { paths } from "./paths.mjs";

process.stdout.write(shellText(paths(), process.env));
