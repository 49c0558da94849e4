import { readFileSync } from "node:fs";
import { takenPorts } from "../../../engine/port-holder.ts";
import type { Finding } from "../../finding.ts";
import type { ProductionDemands } from "./production.ts";

/** A range of IPv4 addresses, and who has it. */
export interface Subnet {
  readonly name: string;
  /** First and last address, as numbers. */
  readonly from: number;
  readonly to: number;
}

/** What a swarm takes the subnets of new networks from. */
export interface AddressPool {
  readonly ranges: readonly Subnet[];
  /** Addresses of one network. */
  readonly size: number;
}

interface FoundNetwork {
  readonly Name: string;
  readonly Scope: string;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

/** Where swarm takes subnets from when nobody said otherwise. */
const DEFAULT_POOL = ["10.0.0.0/8"];
const DEFAULT_SIZE = 24;
/** Interfaces that the engine itself makes. */
const OF_ENGINE = /^(docker|br-|veth|lo$)/;

/** Ports of production's host that something else has. */
export async function portFindings(
  environment: string,
  { engine, ports, local }: ProductionDemands,
): Promise<Finding[]> {
  const taken = await takenPorts(engine, environment, ports, local);
  return taken.map(({ setting, port, holder }) => ({
    id: "preflight.port",
    severity: "blocking",
    subject: `port ${port} of production's host`,
    cause: `${setting} asks for it, and ${holder} has it`,
    consequence: "The deployment is refused; where it is taken meanwhile, it stops half-way.",
    remedy: `Stop ${holder}, or set rehearsal:${setting} to another port.`,
  }));
}

/** Whether the networks that production has not yet find subnets that nobody else has. */
export async function subnetFindings({ engine, networks, local }: ProductionDemands): Promise<Finding[]> {
  const found = (await engine.listNetworks()) as unknown as FoundNetwork[];
  const missing = networks.filter((name) => !found.some(({ Name }) => Name === name));
  if (missing.length === 0) return [];
  const { Swarm } = (await engine.info()) as {
    Swarm?: { Cluster?: { DefaultAddrPool?: string[] | null; SubnetSize?: number } | null };
  };
  const pool = addressPool(Swarm?.Cluster?.DefaultAddrPool ?? DEFAULT_POOL, Swarm?.Cluster?.SubnetSize ?? DEFAULT_SIZE);
  const subnets = (scope: (found: string) => boolean) =>
    found
      .filter(({ Scope }) => scope(Scope))
      .flatMap(({ Name, IPAM }) =>
        (IPAM?.Config ?? []).flatMap(({ Subnet: text }) => subnet(`network ${Name}`, text ?? "")),
      );
  return poolFindings(
    pool,
    subnets((scope) => scope === "swarm"),
    // Swarm does not know what its nodes have for themselves: a task that meets it does not start.
    [...subnets((scope) => scope !== "swarm"), ...(local ? hostRoutes() : [])],
    missing,
  );
}

/** Judges whether so many networks find a place among the subnets that swarm knows of, beside those of the host. */
export function poolFindings(
  { ranges, size }: AddressPool,
  known: readonly Subnet[],
  ofHost: readonly Subnet[],
  missing: readonly string[],
): Finding[] {
  const free: Subnet[] = [];
  const blocked: Subnet[] = [];
  for (const range of ranges) {
    for (let from = range.from; from + size - 1 <= range.to && free.length < missing.length; from += size) {
      const place = { name: "", from, to: from + size - 1 };
      if (known.some((other) => overlaps(place, other))) continue;
      const other = ofHost.find((one) => overlaps(place, one));
      if (other === undefined) free.push(place);
      else {
        blocked.push(other);
        // What is covered by one range of the host need not be looked at piece by piece.
        from += Math.max(0, Math.floor((other.to - place.to) / size)) * size;
      }
    }
  }
  const [other] = blocked;
  if (free.length >= missing.length && other === undefined) return [];
  const full = free.length < missing.length;
  return [
    {
      id: "preflight.subnet",
      severity: full ? "blocking" : "warning",
      subject: `subnets for ${missing.join(", ")}`,
      cause:
        other === undefined
          ? `swarm's pool (${ranges.map(({ name }) => name).join(", ")}) has ${free.length} free subnets, and ${missing.length} are needed`
          : `the next subnets of swarm's pool (${ranges.map(({ name }) => name).join(", ")}) overlap with ${other.name}` +
            (full ? ", and no others are free" : ""),
      consequence: "The network is made and its tasks do not start, or what the host reaches there is cut off.",
      remedy:
        "Give the swarm another pool (docker swarm init --default-addr-pool), or the other network or route another range.",
    },
  ];
}

/** A pool as swarm is given it. */
export function addressPool(ranges: readonly string[], size: number): AddressPool {
  return { ranges: ranges.flatMap((range) => subnet(range, range)), size: 2 ** (32 - size) };
}

/** Reads `10.0.0.0/24`; nothing where it is of another kind, such as IPv6. */
export function subnet(name: string, text: string): Subnet[] {
  const [, a, b, c, d, length] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text) ?? [];
  if (length === undefined) return [];
  const address = [a, b, c, d].reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  const from = Math.floor(address / size) * size;
  return [{ name, from, to: from + size - 1 }];
}

/** The ranges that this machine has routes to, but for those of the engine and the way out. */
function hostRoutes(): Subnet[] {
  let text: string;
  try {
    text = readFileSync("/proc/net/route", "utf8");
  } catch {
    return [];
  }
  return parseRoutes(text);
}

/** Reads the kernel's table of routes; addresses stand there with their last byte first. */
export function parseRoutes(text: string): Subnet[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [device = "", destination = "", , , , , , mask = ""] = line.trim().split(/\s+/);
      if (mask.length !== 8 || mask === "00000000" || OF_ENGINE.test(device)) return [];
      const number = (hex: string) => Buffer.from(hex, "hex").readUInt32LE();
      const from = number(destination);
      return [{ name: `the host's route by ${device}`, from, to: from + (2 ** 32 - 1 - number(mask)) }];
    });
}

function overlaps(one: Subnet, other: Subnet): boolean {
  return one.from <= other.to && other.from <= one.to;
}
