import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "X3",
  class: "behaviour",
  title: "requests wait for other requests of the same task",
  covers:
    "what is fast alone and stands still as soon as more come at once than there are threads; half as many threads",
});

/** Whether some of five times as many requests as a task has threads for are not answered well. */
const MANY_AT_ONCE = `
import http.client
from concurrent.futures import ThreadPoolExecutor


def ask(_):
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=45)
    connection.request("GET", "/", headers={"Host": "HOST", "X-Forwarded-Proto": "https"})
    return connection.getresponse().status


with ThreadPoolExecutor(40) as pool:
    print(any(status >= 500 for status in pool.map(ask, range(40))))
`;

testFaults([
  {
    title: "a page asks the application itself",
    steps: ["load"],
    // Tasks that stand still are ended and come again, a while later.
    spoils: true,
    release: {
      changes: edited(
        "flights/views.py",
        [
          "class HomeView(TemplateView):",
          'def asked(host: str) -> None:\n    request = urllib.request.Request("http://127.0.0.1:8000/api/v1/", headers={"Host": host, "X-Forwarded-Proto": "https"})\n    urllib.request.urlopen(request, timeout=30).read()\n\n\nclass HomeView(TemplateView):',
        ],
        [
          "    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:\n        return super().get_context_data(\n            search=AirportSearchForm(),",
          "    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:\n        asked(self.request.get_host())\n        return super().get_context_data(\n            search=AirportSearchForm(),",
        ],
        ["from typing import Any\n", "import urllib.request\nfrom typing import Any\n"],
      ),
    },
    breaks: async (twin) => {
      expect((await twin.get("/")).status).toBe(200);
      const { said } = await twin.manage("app", "shell", "-c", MANY_AT_ONCE.replace("HOST", twin.hostname()));
      expect(said.trim().split("\n").at(-1)).toBe("True");
    },
    caught: { id: "load.burst", words: /^\/: of \d+ requests for it at the same time \d+ were not answered/ },
    orCaught: { id: "web.page", words: /although one by itself is answered: requests wait for each other/ },
  },
]);
