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

testFaults([
  {
    title: "a page asks the application itself",
    steps: ["load"],
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
      const many = await Promise.allSettled(Array.from({ length: 40 }, () => twin.get("/")));
      expect(many.some((one) => one.status === "rejected" || one.value.status >= 500)).toBe(true);
    },
    caught: { id: "load.burst", words: /^\/: of \d+ requests for it at the same time \d+ were not answered/ },
  },
]);
