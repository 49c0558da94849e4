import type { Check } from "./check.ts";
import { concreteHostname } from "./gateway-client.ts";
import { inspection } from "./release-inspection.ts";

/** A hostname that Django does not allow answers 400 to its own visitors alone. */
export const appHosts: Check = {
  id: "app.hosts",
  title: "every declared hostname is allowed by every task, and an unknown one is not",
  cause:
    "ALLOWED_HOSTS does not follow DJANGO_ALLOWED_HOSTS in the settings, or the variable was changed on the running service.",
  consequence: "Visitors of the hostname get 400; with any name allowed, links in mails can be made to lead elsewhere.",
  remedy: "Take ALLOWED_HOSTS from the variable DJANGO_ALLOWED_HOSTS, which names every hostname of gateway.hostnames.",
  run: async (environment) => {
    const [{ refusedHosts, anyHost }, requests] = await Promise.all([
      inspection(environment, "settings"),
      inspection(environment, "requests"),
    ]);
    const declared = environment.hostnames.map(concreteHostname);
    const refusing = requests.filter(({ host, status }) => declared.includes(host) && status === 400);
    const silent = requests.filter(({ status }) => status === 0);
    return [
      ...refusedHosts.map((host) => ({ expected: `${host} in ALLOWED_HOSTS`, seen: "it is not" })),
      ...refusing.map(({ task, host }) => ({ expected: `task ${task} that answers for ${host}`, seen: "400" })),
      ...silent.map(({ task, host, error }) => ({
        expected: `task ${task} that answers for ${host}`,
        seen: error ?? "no answer",
      })),
      ...(anyHost ? [{ expected: "ALLOWED_HOSTS that names hosts", seen: "*", warning: true as const }] : []),
    ];
  },
};
