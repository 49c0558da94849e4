import { type Flat, flat, labels, list, part, seconds, words } from "./flat.ts";

type Tree = Readonly<Record<string, unknown>>;
type Pair = readonly [property: string, value: unknown];

/** A service as the stack declares it, from the inputs of its resource. */
export function declaredService(inputs: Tree): Flat {
  const task = part(inputs, "taskSpec");
  const container = part(task, "containerSpec");
  const limits = part(task, "resources", "limits");
  const reservations = part(task, "resources", "reservation");
  const health = part(container, "healthcheck");
  const restart = part(task, "restartPolicy");
  const log = part(task, "logDriver");
  return flat([
    ["image", container["image"]],
    ["command", container["commands"]],
    ["arguments", container["args"]],
    ["folder", container["dir"]],
    ["host name", container["hostname"]],
    ["user", container["user"]],
    ["groups", container["groups"]],
    ["read-only root filesystem", container["readOnly"]],
    ["init process", container["init"]],
    ["capabilities dropped", container["capDrops"]],
    ["capabilities added", container["capAdds"]],
    ["hosts", list(container, "hosts").map((entry) => `${words(entry["ip"])} ${words(entry["host"])}`)],
    ["DNS", part(container, "dnsConfig")],
    ["kernel parameters", part(container, "sysctl")],
    ["privileges", part(container, "privileges")],
    ["stop signal", container["stopSignal"]],
    ["stop period (s)", seconds(container["stopGracePeriod"])],
    ...Object.entries(part(container, "env")).map(([name, value]): Pair => [`variable ${name}`, variable(value)]),
    ...labels(inputs["labels"]),
    ...labels(container["labels"], "label of tasks"),
    ...list(container, "mounts").map(
      (mount): Pair => [
        `mount ${words(mount["target"])}`,
        mounted(mount["type"], mount["source"], mount["readOnly"], part(mount, "tmpfsOptions")["sizeBytes"]),
      ],
    ),
    ...list(container, "secrets").map(
      (file): Pair => [`secret ${words(file["fileName"])}`, declaredFile(file, "secret")],
    ),
    ...list(container, "configs").map(
      (file): Pair => [`config ${words(file["fileName"])}`, declaredFile(file, "config")],
    ),
    ["health command", health["tests"]],
    ["health interval (s)", seconds(health["interval"])],
    ["health timeout (s)", seconds(health["timeout"])],
    ["health start period (s)", seconds(health["startPeriod"])],
    ["health retries", health["retries"]],
    ...list(task, "networksAdvanceds").map(
      (network): Pair => [`network ${words(network["id"] ?? network["name"])}`, `as ${words(network["aliases"])}`],
    ),
    ["memory limit (bytes)", limits["memoryBytes"]],
    ["processor limit (billionths)", limits["nanoCpus"]],
    ["memory reserved (bytes)", reservations["memoryBytes"]],
    ["processors reserved (billionths)", reservations["nanoCpus"]],
    ["restart condition", restart["condition"]],
    ["restart delay (s)", seconds(restart["delay"])],
    ["restart attempts", restart["maxAttempts"]],
    ["log driver", log["name"]],
    ["log options", sorted(part(log, "options"))],
    ["placement", part(task, "placement")["constraints"]],
    ["forced updates", task["forceUpdate"]],
    ["tasks", part(inputs, "mode", "replicated")["replicas"] ?? 1],
    ...update(part(inputs, "updateConfig"), part(inputs, "rollbackConfig"), ["order", "failureAction", "parallelism"]),
    ["endpoint", part(inputs, "endpointSpec")["mode"]],
    ...list(part(inputs, "endpointSpec"), "ports").map(
      (port): Pair => [
        `port ${words(port["targetPort"])}/${words(port["protocol"])}`,
        `published at ${words(port["publishedPort"])} (${words(port["publishMode"])})`,
      ],
    ),
  ]);
}

/** A service as the engine describes it, from the specification in its answer. */
export function foundService(spec: Tree): Flat {
  const task = part(spec, "TaskTemplate");
  const container = part(task, "ContainerSpec");
  const limits = part(task, "Resources", "Limits");
  const reservations = part(task, "Resources", "Reservations");
  const health = part(container, "Healthcheck");
  const restart = part(task, "RestartPolicy");
  const log = part(task, "LogDriver");
  return flat([
    ["image", container["Image"]],
    ["command", container["Command"]],
    ["arguments", container["Args"]],
    ["folder", container["Dir"]],
    ["host name", container["Hostname"]],
    ["user", container["User"]],
    ["groups", container["Groups"]],
    ["read-only root filesystem", container["ReadOnly"]],
    ["init process", container["Init"]],
    ["capabilities dropped", container["CapabilityDrop"]],
    ["capabilities added", container["CapabilityAdd"]],
    ["hosts", container["Hosts"]],
    ["DNS", part(container, "DNSConfig")],
    ["kernel parameters", part(container, "Sysctls")],
    ["privileges", part(container, "Privileges")],
    ["stop signal", container["StopSignal"]],
    ["stop period (s)", seconds(container["StopGracePeriod"])],
    ...variables(container["Env"]),
    ...labels(spec["Labels"]),
    ...labels(container["Labels"], "label of tasks"),
    ...list(container, "Mounts").map(
      (mount): Pair => [
        `mount ${words(mount["Target"])}`,
        mounted(mount["Type"], mount["Source"], mount["ReadOnly"], part(mount, "TmpfsOptions")["SizeBytes"]),
      ],
    ),
    ...list(container, "Secrets").map(
      (file): Pair => [`secret ${words(part(file, "File")["Name"])}`, foundFile(file, "Secret")],
    ),
    ...list(container, "Configs").map(
      (file): Pair => [`config ${words(part(file, "File")["Name"])}`, foundFile(file, "Config")],
    ),
    ["health command", health["Test"]],
    ["health interval (s)", seconds(health["Interval"])],
    ["health timeout (s)", seconds(health["Timeout"])],
    ["health start period (s)", seconds(health["StartPeriod"])],
    ["health retries", health["Retries"]],
    ...list(task, "Networks").map(
      (network): Pair => [`network ${words(network["Target"])}`, `as ${words(network["Aliases"])}`],
    ),
    ["memory limit (bytes)", limits["MemoryBytes"]],
    ["processor limit (billionths)", limits["NanoCPUs"]],
    ["memory reserved (bytes)", reservations["MemoryBytes"]],
    ["processors reserved (billionths)", reservations["NanoCPUs"]],
    ["restart condition", restart["Condition"]],
    ["restart delay (s)", seconds(restart["Delay"])],
    ["restart attempts", restart["MaxAttempts"]],
    ["log driver", log["Name"]],
    ["log options", sorted(part(log, "Options"))],
    ["placement", part(task, "Placement")["Constraints"]],
    ["forced updates", task["ForceUpdate"]],
    ["tasks", part(spec, "Mode", "Replicated")["Replicas"]],
    ...update(part(spec, "UpdateConfig"), part(spec, "RollbackConfig"), ["Order", "FailureAction", "Parallelism"]),
    ["endpoint", part(spec, "EndpointSpec")["Mode"]],
    ...list(part(spec, "EndpointSpec"), "Ports").map(
      (port): Pair => [
        `port ${words(port["TargetPort"])}/${words(port["Protocol"])}`,
        `published at ${words(port["PublishedPort"])} (${words(port["PublishMode"])})`,
      ],
    ),
  ]);
}

/** `NAME=value` each, as properties. */
export function variables(lines: unknown): Pair[] {
  if (!Array.isArray(lines)) return [];
  return (lines as string[]).map((line) => {
    const at = line.indexOf("=");
    return [`variable ${at < 0 ? line : line.slice(0, at)}`, variable(at < 0 ? "" : line.slice(at + 1))];
  });
}

/** A variable that is set to nothing is set all the same. */
function variable(value: unknown): unknown {
  return value === "" ? "an empty text" : value;
}

/** A mount in words. */
function mounted(type: unknown, source: unknown, readOnly: unknown, size: unknown): string {
  const what = [words(type), words(source), readOnly === true ? "read-only" : "", size ? `${words(size)} bytes` : ""];
  return what.filter((word) => word !== "").join(", ");
}

function declaredFile(file: Tree, kind: "secret" | "config"): string {
  return owned(file[`${kind}Id`], file["fileUid"], file["fileGid"], file["fileMode"]);
}

function foundFile(file: Tree, kind: "Secret" | "Config"): string {
  const { UID, GID, Mode } = part(file, "File");
  return owned(file[`${kind}ID`], UID, GID, Mode);
}

function owned(id: unknown, user: unknown, group: unknown, mode: unknown): string {
  return `${words(id)}, owned by ${words(user)}:${words(group)}, mode ${Number(mode).toString(8)}`;
}

function update(forward: Tree, back: Tree, keys: readonly string[]): Pair[] {
  const [names, ways] = [
    ["order", "failure action", "parallelism"],
    [
      ["update", forward],
      ["rollback", back],
    ] as const,
  ];
  return ways.flatMap(([way, tree]) => keys.map((key, index): Pair => [`${way} ${names[index] ?? ""}`, tree[key]]));
}

function sorted(options: Tree): string {
  return Object.entries(options)
    .map(([name, value]) => `${name}=${words(value)}`)
    .sort()
    .join(" ");
}
