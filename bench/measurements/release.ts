import { setTimeout as sleep } from "node:timers/promises";
import type { ReleaseReferences } from "../../components/release-images.ts";
import { Environment } from "../environment.ts";
import { type Load, type Site, underLoad } from "../load.ts";
import type { Measurement, Row } from "../measurement.ts";
import { PeerStack } from "../peer/peer-stack.ts";
import type { Workshop } from "../workshop.ts";

/** What a release changes, and the page that load asks for. */
const STYLE = "reference/flights/static/flights/site.css";
const PAGE = "/airports/";
/** Requests during rollouts below which a loss of one in thousands would not show. */
const REQUESTS = 10_000;
const MOST_ROLLS = 12;
const STEADY_SECONDS = 15;

/** A rollout under load. */
interface Roll {
  readonly seconds: number;
  readonly load: Load;
}

/** One side: its load before any rollout, and all rollouts. */
interface Side {
  readonly steady: Load;
  readonly rolls: readonly Roll[];
}

/** Two releases: what they are made of, by their number. */
type Releases = readonly [ReleaseReferences, ReleaseReferences];

/** Releases that replace each other while requests come in at a constant rate. */
export const release: Measurement = {
  name: "release",
  summary: `rolling releases under load, at least ${REQUESTS} requests`,
  run: async function* (workshop) {
    const { building, ours, images } = await measureOurs(workshop);
    yield { what: "release, images built in it", unit: "s", ours: [building.seconds] };
    const peer = await measurePeer(workshop, images);
    yield* rows(building, ours, peer);
  },
};

async function measureOurs(workshop: Workshop): Promise<{ building: Roll; ours: Side; images: Releases }> {
  return await Environment.use(workshop, "first", async (environment) => {
    workshop.say("up of an environment to release to");
    await environment.up("--skip-preview");
    const first = await environment.images();
    const site = await environment.site(PAGE);
    const deploy = async (number: number) => {
      declare(workshop, number);
      return await environment.up("--skip-preview");
    };
    workshop.say("a release whose images are built in it, under load");
    const building = await roll(site, async () => await deploy(1));
    const images = [first, await environment.images()] as const;
    workshop.say("releases whose images are there, under load");
    return { building, images, ours: await rollTo(workshop, site, deploy) };
  });
}

async function measurePeer(workshop: Workshop, images: Releases): Promise<Side> {
  return await PeerStack.use(workshop, images[1], async (peer) => {
    workshop.say("peer up, and its releases under load");
    await peer.up();
    const site = await peer.site(PAGE);
    return await rollTo(workshop, site, async (number) => await peer.roll(number === 0 ? images[0] : images[1]));
  });
}

/** Puts release 0 or 1 into the sources. */
function declare({ checkout }: Workshop, number: number): void {
  checkout.edit(STYLE, (css) => {
    const plain = css.replace(/\n\.bench-release .*\n$/, "");
    return number === 0 ? plain : `${plain}\n.bench-release { color: teal; }\n`;
  });
}

/** Rolls to release 0, where 1 runs, and back, until there were enough rollouts and enough requests. */
async function rollTo(workshop: Workshop, site: Site, deploy: (number: number) => Promise<number>): Promise<Side> {
  const { load: steady } = await underLoad(site, async () => {
    await sleep(STEADY_SECONDS * 1000, undefined, { signal: workshop.signal });
  });
  const rolls: Roll[] = [];
  while (rolls.length < workshop.options.runs || requests(rolls) < REQUESTS) {
    if (rolls.length === MOST_ROLLS) {
      throw new Error(`${MOST_ROLLS} rollouts must see ${REQUESTS} requests; saw ${requests(rolls)}`);
    }
    rolls.push(await roll(site, async () => await deploy(rolls.length % 2)));
  }
  return { steady, rolls };
}

async function roll(site: Site, deploy: () => Promise<number>): Promise<Roll> {
  const { result, load } = await underLoad(site, deploy);
  return { seconds: result, load };
}

function* rows(building: Roll, ours: Side, peer: Side): Generator<Row> {
  const during = (figure: (roll: Roll) => number) => ({ ours: ours.rolls.map(figure), peer: peer.rolls.map(figure) });
  const before = (figure: (load: Load) => number) => ({ ours: [figure(ours.steady)], peer: [figure(peer.steady)] });
  const all = [building, ...ours.rolls];
  yield { what: "release, images there", unit: "s", ...during(({ seconds }) => seconds) };
  yield { what: "requests during all releases", unit: "requests", ours: [requests(all)], peer: [requests(peer.rolls)] };
  const lostRequests = lost(all);
  const target = { text: "0", met: lostRequests === 0 };
  yield { what: "lost of them", unit: "requests", ours: [lostRequests], peer: [lost(peer.rolls)], target };
  yield { what: "page p99 before", unit: "ms", ...before(({ pageP99 }) => pageP99) };
  yield { what: "page p99 during", unit: "ms", ...during(({ load }) => load.pageP99) };
  yield { what: "static p99 before", unit: "ms", ...before(({ assetP99 }) => assetP99) };
  yield { what: "static p99 during", unit: "ms", ...during(({ load }) => load.assetP99) };
}

function requests(rolls: readonly Roll[]): number {
  return rolls.reduce((sum, { load }) => sum + load.requests, 0);
}

function lost(rolls: readonly Roll[]): number {
  return rolls.reduce((sum, { load }) => sum + load.lost, 0);
}
