import type { ReleaseReferences } from "../../components/release-images.ts";
import type { Settings } from "../../config/settings.ts";

/** What the peer's stack is declared from. */
export interface ComposeArgs {
  readonly settings: Settings;
  readonly images: ReleaseReferences;
  /** Variables in clear of every process of the Django project. */
  readonly variables: Readonly<Record<string, string>>;
  readonly port: number;
  /** Files of the folder that the compose file is in, by the name of their secret. */
  readonly secretFiles: Readonly<Record<string, string>>;
  /** File with the gateway's nginx configuration. */
  readonly gatewayConfig: string;
}

/** Variables that say how many tasks run: none while the schema is not there. */
export const REPLICAS = { application: "APPLICATION_REPLICAS", etl: "ETL_REPLICAS" };
const USER = "10001";
const CONFIG_FILE = "/etc/nginx/gateway.conf";
/** Swarm ignores the short form for services. */
const TEMPORARY = { type: "tmpfs", target: "/tmp" };

/** The environment as a compose file of version 3, as written by hand for `docker stack deploy`. */
export function composeFile(args: ComposeArgs) {
  const { settings } = args;
  const etl = settings.etl.command;
  return {
    version: "3.8",
    services: {
      database: database(args),
      static: staticFiles(args),
      application: application(args),
      ...(etl === "none" ? {} : { etl: worker(args, etl) }),
      gateway: gateway(args),
    },
    networks: {
      front: { driver: "overlay" },
      app: { driver: "overlay", internal: !settings.network.outside },
      // The migration's container joins it.
      data: { driver: "overlay", internal: !settings.network.outside, attachable: true },
    },
    volumes: { data: {}, static: {}, media: {} },
    secrets: Object.fromEntries(Object.entries(args.secretFiles).map(([name, file]) => [name, { file }])),
    configs: { gateway: { file: args.gatewayConfig } },
  };
}

function database({ settings, images }: ComposeArgs) {
  return {
    image: images.postgres,
    command: ["postgres", "-c", `shared_buffers=${Math.floor(settings.database.memoryMiB / 4)}MB`],
    ...restricted("999"),
    networks: ["data"],
    volumes: [TEMPORARY, "data:/var/lib/postgresql/data"],
    secrets: [secret("postgres-password", "postgres-password", "999")],
    healthcheck: {
      test: ["CMD", "pg_isready", "--host=127.0.0.1", "--quiet"],
      interval: "1s",
      timeout: "3s",
      retries: 120,
    },
    stop_signal: "SIGINT",
    stop_grace_period: "60s",
    deploy: deploy("stop-first", 1, settings.database.memoryMiB, 2),
  };
}

function staticFiles({ settings, images, variables }: ComposeArgs) {
  return {
    image: images.static,
    environment: { RELEASE: variables["RELEASE"] },
    ...restricted(USER),
    networks: ["app"],
    volumes: [TEMPORARY, "static:/srv/static", "media:/srv/media:ro"],
    healthcheck: healthCheck(["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/healthz"]),
    stop_grace_period: "15s",
    deploy: deploy("start-first", settings.static.replicas, settings.static.memoryMiB, 0.5),
  };
}

function application({ settings, images, variables }: ComposeArgs) {
  const { app } = settings;
  return {
    image: images.application,
    command: ["/opt/rehearsal/run", "serve", "--", ...app.command],
    environment: {
      ...variables,
      PORT: "8000",
      DRAIN_SECONDS: String(app.drainSeconds),
      STATIC_READY_URL: `http://static:8080/static/.releases/${variables["RELEASE"] ?? ""}`,
    },
    ...restricted(USER),
    networks: ["app", "data"],
    volumes: [TEMPORARY, "media:/srv/media"],
    secrets: [
      secret("app-database-url", "DATABASE_URL"),
      secret("report-database-url", "REPORT_DATABASE_URL"),
      secret("django-secret-key", "DJANGO_SECRET_KEY"),
    ],
    healthcheck: healthCheck(["/opt/rehearsal/run", "health"]),
    stop_grace_period: `${app.drainSeconds + 30}s`,
    deploy: deploy("start-first", replicas(REPLICAS.application, app.replicas), app.memoryMiB, app.cpus),
  };
}

function worker({ settings, images, variables }: ComposeArgs, command: readonly string[]) {
  const { etl } = settings;
  return {
    image: images.application,
    command: ["/opt/rehearsal/run", "worker", "--", ...command],
    environment: { ...variables, ...etl.environment },
    ...restricted(USER),
    networks: ["data"],
    volumes: [TEMPORARY, "media:/srv/media"],
    secrets: [secret("etl-database-url", "DATABASE_URL"), secret("django-secret-key", "DJANGO_SECRET_KEY")],
    healthcheck: healthCheck(["/opt/rehearsal/run", "health"]),
    stop_grace_period: "60s",
    deploy: deploy("stop-first", replicas(REPLICAS.etl, 1), etl.memoryMiB, etl.cpus),
  };
}

function gateway({ settings, images, port }: ComposeArgs) {
  return {
    image: images.gateway,
    command: ["nginx", "-c", CONFIG_FILE, "-g", "daemon off;"],
    ...restricted(USER),
    networks: ["front", "app"],
    volumes: [TEMPORARY],
    secrets: [secret("tls-chain", "tls.crt"), secret("tls-key", "tls.key")],
    configs: [{ source: "gateway", target: CONFIG_FILE, uid: USER, gid: USER, mode: 0o444 }],
    ports: [{ target: 8443, published: port, protocol: "tcp", mode: "host" }],
    healthcheck: healthCheck(["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8081/healthz"]),
    stop_grace_period: "15s",
    deploy: deploy("stop-first", 1, settings.gateway.memoryMiB, 1),
  };
}

function restricted(user: string) {
  return {
    user: `${user}:${user}`,
    read_only: true,
    init: true,
    cap_drop: ["ALL"],
    logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
  };
}

function healthCheck(words: readonly string[]) {
  return { test: ["CMD", ...words], interval: "2s", timeout: "10s", retries: 5, start_period: "120s" };
}

function secret(source: string, target: string, user = USER) {
  return { source, target, uid: user, gid: user, mode: 0o400 };
}

function replicas(variable: string, count: number): string {
  return `\${${variable}:-${count}}`;
}

function deploy(order: "start-first" | "stop-first", count: number | string, memoryMiB: number, cpus: number) {
  return {
    // Resolves to the tasks themselves, which works on kernels without IPVS too.
    endpoint_mode: "dnsrr",
    replicas: count,
    resources: { limits: { memory: `${memoryMiB}M`, cpus: String(cpus) } },
    restart_policy: { condition: "any", delay: "1s" },
    update_config: { parallelism: 1, order, failure_action: "rollback", monitor: "3s" },
  };
}
