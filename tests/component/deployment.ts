import { Environment } from "../../components/environment.ts";
import type { EnvironmentSettings } from "../../components/environment-settings.ts";
import type { DatabaseSnapshot } from "../../components/postgres-database.ts";
import { startFakeEngine } from "../unit/engine/fake-engine.ts";
import { type Node, registeredBy } from "./graph.ts";

/** An environment's graph, with questions that tests ask of it. */
export interface Deployment {
  readonly environment: Environment;
  readonly nodes: readonly Node[];
  /** All resources whose type ends in `word`. */
  of(word: string): Node[];
  /** The resource with that id, `<environment>` standing for the environment's name. */
  get(id: string): Node;
  /** Whether a resource is only made when another one has been, and deleted before it. */
  waitsFor(id: string, other: string): boolean;
}

/** Declares an environment, whose database starts from a snapshot or empty, on an engine that has nothing yet. */
export async function deploy(
  stack: string,
  settingsFor: (engineHost: string) => EnvironmentSettings | Promise<EnvironmentSettings>,
  snapshot?: DatabaseSnapshot,
): Promise<Deployment> {
  const engine = await startFakeEngine(() => undefined);
  try {
    const settings = await settingsFor(engine.host);
    const name = `${settings.app.name}-${stack}`;
    let environment: Environment | undefined;
    const nodes = await registeredBy(stack, name, () => {
      environment = new Environment(stack, settings, snapshot);
    });
    if (environment === undefined) throw new Error("the environment was not declared");
    return { environment, ...questions(nodes, name) };
  } finally {
    engine.close();
  }
}

function questions(nodes: readonly Node[], name: string) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const get = (id: string): Node => {
    const node = byId.get(id.replaceAll("<environment>", name));
    if (node === undefined) throw new Error(`there is no ${id}; there are ${[...byId.keys()].toSorted().join(", ")}`);
    return node;
  };
  const waitsFor = (id: string, other: string): boolean => {
    const target = get(other).id;
    const seen = new Set<string>();
    const open = [get(id).id];
    for (let current = open.pop(); current !== undefined; current = open.pop()) {
      if (current === target) return true;
      if (seen.has(current)) continue;
      seen.add(current);
      const node = byId.get(current);
      // A resource is registered after its parent, which is after all that the parent waits for.
      if (node !== undefined) open.push(...node.dependencies, node.parent, node.provider);
    }
    return false;
  };
  return { nodes, of: (word: string) => nodes.filter(({ type }) => type.endsWith(`:${word}`)), get, waitsFor };
}
