import type { Check, Finding } from "./check.ts";
import { inspection, type UnwritableLog } from "./release-inspection.ts";

/** Everything looks well while nobody is told of what fails. */
export const appLogging: Check = {
  id: "app.logging",
  title: "errors are logged",
  cause:
    "A level above ERROR, a handler that was taken out, filtered or writes to a file, loggers that LOGGING disables, or a file where a task may not write.",
  consequence:
    "What fails in production leaves no trace that anybody sees: nobody is told, and nobody can find out why. A handler whose file cannot be opened takes with it the request that logs.",
  remedy:
    "Give the root logger of LOGGING a handler that writes to standard error, and a level of ERROR or below; take out handlers of files.",
  run: async (environment) => {
    const { configured, loggers, files, unwritable = [] } = await inspection(environment, "logging");
    const failing = unwritable.map(unwritableFinding);
    if (loggers.length === 0) return failing;
    return [
      {
        expected: `a handler that writes errors of the ${loggersOf(loggers)}`,
        seen:
          files.length > 0
            ? `only ${files.join(", ")} in the container, which docker logs does not show and which goes with the task`
            : configured
              ? "none takes them"
              : "none: without LOGGING, Django only sends mail to ADMINS",
        // That is Django's own default, which projects live with.
        ...(configured ? {} : { warning: true as const }),
      },
      ...failing,
    ];
  },
};

/** A rotating handler prints that it failed, and the request goes on. */
function unwritableFinding({ handler, loggers, file, error, raises }: UnwritableLog): Finding {
  return {
    expected: `a file that handler ${handler} of the ${loggersOf(loggers)} can write to in a task`,
    seen: `${file}: ${error}, ${raises ? "at the first record, and what logs it fails" : "at each record, which is lost"}`,
    ...(raises ? {} : { warning: true as const }),
  };
}

function loggersOf(loggers: readonly string[]): string {
  return `${loggers.length === 1 ? "logger" : "loggers"} ${loggers.join(", ")}`;
}
