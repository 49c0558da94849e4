import type { Check } from "./check.ts";
import { taskProbes } from "./task-probe.ts";

/** Data of production beside an open network: real mail and real webhooks leave. */
export const networkClosed: Check = {
  id: "network.closed",
  title: "application and ETL reach nothing outside of the environment",
  cause: "A network that was attached by hand, or that is not internal any more.",
  consequence: "A rehearsal with data like production's sends real mail, calls real payment services, and leaks data.",
  remedy: "Run pulumi up --refresh: it puts networks back to what is declared. Where it is meant, set network.outside.",
  notApplicable: ({ outside }) => (outside ? "network.outside is true" : undefined),
  run: async (environment) =>
    (await taskProbes(environment)).flatMap(({ service, open, resolves }) => [
      ...open.map((way) => ({ expected: `no way out of ${service}`, seen: way })),
      ...(resolves
        ? [
            {
              expected: `no answer to ${service} for names of the outside`,
              seen: "example.com has an address",
              warning: true as const,
            },
          ]
        : []),
    ]),
};
