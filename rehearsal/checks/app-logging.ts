import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** Everything looks well while nobody is told of what fails. */
export const appLogging: Check = {
  id: "app.logging",
  title: "errors are logged",
  cause:
    "A level above ERROR, a handler that was taken out, filtered or writes to a file, or loggers that LOGGING disables.",
  consequence:
    "What fails in production leaves no trace that anybody sees: nobody is told, and nobody can find out why.",
  remedy: "Give the root logger of LOGGING a handler that writes to standard error, and a level of ERROR or below.",
  run: async (environment) => {
    const { configured, loggers, files } = await inspection(environment, "logging");
    if (loggers.length === 0) return [];
    return [
      {
        expected: `a handler that writes errors of the ${loggers.length === 1 ? "logger" : "loggers"} ${loggers.join(", ")}`,
        seen:
          files.length > 0
            ? `only ${files.join(", ")} in the container, which docker logs does not show and which goes with the task`
            : configured
              ? "none takes them"
              : "none: without LOGGING, Django only sends mail to ADMINS",
        // That is Django's own default, which projects live with.
        ...(configured ? {} : { warning: true as const }),
      },
    ];
  },
};
