import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "A1-siblings",
  class: "behaviour",
  title: "answers that are 200, and not what clients and visitors rely on",
  covers:
    "fields, columns, headings and headers that were there with the release before; pages and forms of every kind, with the data that is there",
});

testFaultsTogether([
  {
    title: "a field of the API has another name",
    compared: true,
    steps: ["pages"],
    release: {
      changes: edited(
        "api/serializers.py",
        ['"departs_at", "origin",', '"origin",'],
        ['"delay_minutes"),', '"delay_minutes",),'],
      ),
    },
    breaks: async (twin) => {
      const { status, body } = await twin.get("/api/v1/flights/");
      expect(status).toBe(200);
      expect(body).not.toContain("departs_at");
    },
    caught: { id: "pages.field", words: /results\[\]\.departs_at: the answer has no such field any more/ },
  },
  {
    title: "a template asks for what its view does not give",
    compared: true,
    steps: ["pages"],
    release: {
      changes: edited("flights/templates/flights/airport_list.html", ["{{ airport.city|", "{{ airport.town|"]),
    },
    breaks: async (twin) => {
      const { status, body } = await twin.get("/airports/");
      expect(status).toBe(200);
      expect(body).toContain("<td>–</td>");
    },
    caught: { id: "pages.emptied", words: /\/airports\/: nothing stands in td, column 3/ },
  },
  {
    title: "a form of the administration fails",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited("flights/models.py", [
        '    def get_absolute_url(self) -> str:\n        return reverse("airport"',
        '    def __str__(self) -> str:\n        return self.names\n\n    def get_absolute_url(self) -> str:\n        return reverse("airport"',
      ]),
    },
    breaks: async (twin) => {
      const { exitCode, said } = await twin.manage(
        "app",
        "shell",
        "-c",
        "from flights.models import Airport; print(Airport.objects.first())",
      );
      expect(exitCode).not.toBe(0);
      expect(said).toContain("has no attribute 'names'");
    },
    caught: { id: "code.request", words: /GET .*AttributeError: 'Airport' object has no attribute 'names'/ },
  },
]);
