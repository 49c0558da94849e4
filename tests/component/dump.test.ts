import { writeFileSync } from "node:fs";
import { it } from "vitest";
import { Environment } from "../../components/environment.ts";
import { startFakeEngine } from "../unit/engine/fake-engine.ts";
import { registeredBy } from "./graph.ts";
import { sandboxSettings } from "./settings.ts";
it("dump", async () => {
  const engine = await startFakeEngine(() => undefined);
  const g = await registeredBy("sandbox", "reference-sandbox", () => new Environment("sandbox", sandboxSettings(engine.host)));
  writeFileSync("/tmp/w/u-graph.json", JSON.stringify(g, undefined, 1));
  engine.close();
});
