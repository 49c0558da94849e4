import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { mainClient } from "./gateway-client.ts";
import { inspection } from "./release-inspection.ts";

/** A path that no project has. */
const UNKNOWN_PATH = "/there-is-no-such-page-a7f3/";
/** Words of Django's pages for developers. */
const TECHNICAL = /because you have\s*<code>DEBUG|DEBUG\s*=\s*True|Using the URLconf defined in/;

/** Asks for what goes wrong, through the gateway and each task by itself: DEBUG shows there whoever turned it on. */
export const appDebugOff: Check = {
  id: "app.debug-off",
  title: "errors show no page for developers: DEBUG is off in every task",
  cause:
    "DEBUG does not follow DJANGO_DEBUG in the settings, or the variable was changed on the running service; with 500, handler404 or the template 404.html fails itself.",
  consequence:
    "Anybody sees source code, settings and SQL of the system, and memory grows with every query; with 500, each wrong address looks like a failure of the whole.",
  remedy:
    'Set DEBUG = os.environ.get("DJANGO_DEBUG") == "1" in the settings; run pulumi up --refresh where a variable was changed by hand.',
  run: async (environment) => [
    ...(await throughTheGateway(environment)),
    ...(await inTheRelease(environment)),
    ...(await inEachTask(environment)),
  ],
};

async function throughTheGateway(environment: DeployedEnvironment): Promise<Finding[]> {
  const client = mainClient(environment);
  const { status, body } = await client.fetch(UNKNOWN_PATH);
  if (status >= 500) {
    return [{ expected: `404 at ${client.origin}${UNKNOWN_PATH}, which nothing answers to`, seen: String(status) }];
  }
  if (!TECHNICAL.test(body)) return [];
  return [
    { expected: `a plain error page at ${client.origin}${UNKNOWN_PATH}`, seen: `${status} with Django's debug page` },
  ];
}

async function inTheRelease(environment: DeployedEnvironment): Promise<Finding[]> {
  const { debug } = await inspection(environment, "settings");
  return debug ? [{ expected: "settings with DEBUG = False", seen: "True, with DJANGO_DEBUG=0" }] : [];
}

async function inEachTask(environment: DeployedEnvironment): Promise<Finding[]> {
  const requests = await inspection(environment, "requests");
  return requests
    .filter(({ technical }) => technical)
    .map(({ task, host, path, status }) => ({
      expected: `a plain error page from task ${task} for ${host}${path}`,
      seen: `${status} with Django's debug page`,
    }));
}
