import { expect } from "vitest";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "L1",
  class: "behaviour",
  title: "new errors in the logs while every answer is 200",
  covers:
    "what only a log tells: errors of the application, the worker, the gateway and the database, records, tracebacks and plain lines, that the release before had not",
});

const VIEWS = "flights/views.py";
const CONTEXT =
  "    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:\n        return super().get_context_data(\n            search=";

/** The first page with something before it that fails without a word to the visitor. */
function home(...lines: readonly string[]) {
  const [head, body] = CONTEXT.split("\n        return ") as [string, string];
  return edited(VIEWS, [
    CONTEXT,
    `${[head, ...lines.map((line) => `        ${line}`)].join("\n")}\n        return ${body}`,
  ]);
}

/** Every page answers, and the log of a container says otherwise. */
function goodAnswers(said: RegExp, container = (twin: Staged) => twin.containerId("app")) {
  return async (twin: Staged) => {
    for (let visits = 0; visits < 3; visits++) expect((await twin.get("/")).status).toBe(200);
    const log = await docker.getContainer(await container(twin)).logs({ stdout: true, stderr: true, tail: 400 });
    expect(log.toString("utf8")).toMatch(said);
  };
}

const visited = async (sandbox: Staged) => {
  for (let visits = 0; visits < 3; visits++) await sandbox.get("/");
};

testFaultsTogether([
  {
    title: "an exception that is caught and logged",
    release: {
      changes: home(
        "import logging",
        "try:",
        '    {}["price"]',
        "except KeyError:",
        '    logging.getLogger("prices").exception("no price for today")',
      ),
    },
    before: visited,
    breaks: goodAnswers(/no price for today/),
    caught: { id: "log.new-error", words: /app: prices: no price for today/ },
  },
  {
    title: "a traceback that is printed past the logging",
    release: {
      changes: home("import traceback", "try:", '    int("many")', "except ValueError:", "    traceback.print_exc()"),
    },
    before: visited,
    breaks: goodAnswers(/ValueError: invalid literal/),
    caught: { id: "log.new-error", words: /app: .*ValueError: invalid literal/ },
  },
  {
    title: "a query that fails and is passed over",
    release: {
      changes: home(
        "from django.db import connection, transaction",
        "try:",
        "    with transaction.atomic(), connection.cursor() as cursor:",
        '        cursor.execute("SELECT count(*) FROM flights_price")',
        "except Exception:",
        "    pass",
      ),
    },
    before: visited,
    breaks: goodAnswers(/relation "flights_price" does not exist/, (twin) => Promise.resolve(`${twin.name}-database`)),
    caught: { id: "log.new-error", words: /database: relation "?flights_price"? does not exist/ },
  },
]);
