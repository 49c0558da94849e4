import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type Dockerode from "dockerode";
import { dockerClient } from "../engine/docker-client.ts";
import { CriticalChecks } from "./critical-checks.ts";
import { deployedEnvironment, type EnvironmentServices, serviceList } from "./deployed-environment.ts";
import { DjangoApp } from "./django-app.ts";
import { type DjangoProcess, djangoVariables } from "./django-process.ts";
import { environmentLabels, environmentName, unusedVolumeHook } from "./engine-objects.ts";
import type { EnvironmentSettings } from "./environment-settings.ts";
import { EtlWorker } from "./etl-worker.ts";
import { Gateway } from "./gateway.ts";
import { Migration } from "./migration.ts";
import { Networks } from "./networks.ts";
import { type DatabaseSnapshot, PostgresDatabase, serverParameters } from "./postgres-database.ts";
import { ReleaseImages, type ReleaseReferences } from "./release-images.ts";
import { Rollout } from "./rollout.ts";
import { StaticFiles } from "./static-files.ts";

/** What the components of one environment share. */
interface Shared {
  readonly name: string;
  readonly settings: EnvironmentSettings;
  readonly engine: Dockerode;
  readonly hostnames: readonly string[];
  /** What a new database starts from. */
  readonly snapshot: DatabaseSnapshot | undefined;
  readonly owner: Environment;
}

/**
 * One complete environment: release images, networks, database, migrations, application, ETL worker, static files, TLS
 * gateway, and the checks that everything works. Nothing in it asks which environment it is in: whatever differs is a
 * setting.
 */
export class Environment extends pulumi.ComponentResource {
  public readonly urls: readonly string[];
  public readonly release: string;
  /** What another environment takes the release by. */
  public readonly releaseReferences: pulumi.Output<ReleaseReferences>;
  public readonly databaseAddress: string;
  /** The database in the role that only reads, as a process of this host reaches it: what snapshots are taken from. */
  public readonly reportDatabaseUrl: pulumi.Output<string>;
  /** Certificate of the authority to trust (PEM); empty where a public one has issued. */
  public readonly certificateAuthority: pulumi.Output<string>;
  public readonly adminUsername: string;
  public readonly adminPassword: pulumi.Output<string>;
  /** A command that shows the application's log. */
  public readonly logs: string;
  /** A line for each critical check of the last deployment. */
  public readonly checks: pulumi.Output<readonly string[]>;

  /** @param snapshot that the database starts from; without one it starts empty */
  public constructor(
    stack: string,
    settings: EnvironmentSettings,
    snapshot?: DatabaseSnapshot,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const name = environmentName(settings.app.name, stack);
    super("rehearsal:index:Environment", name, {}, opts);
    const provider = new docker.Provider(`${name}-engine`, { host: settings.engine.host }, { parent: this });
    const shared: Shared = {
      name,
      settings,
      engine: dockerClient(settings.engine.host),
      hostnames: settings.gateway.hostnames,
      snapshot,
      owner: this,
    };
    // The provider is inherited by all that is below a component.
    const component: pulumi.ComponentResourceOptions = { parent: this, providers: [provider] };

    const images = releaseImages(shared, component);
    const networks = new Networks(
      `${name}-networks`,
      { environmentName: name, outside: settings.network.outside, engine: shared.engine },
      component,
    );
    const volumes = createVolumes(shared, provider);
    const database = createDatabase(shared, images, networks, component);
    const secretKey = password(shared, "django-secret-key", 64);
    const adminPassword = password(shared, "admin-password", 24);
    const process = djangoProcess(shared, images, secretKey);
    const migration = migrate(shared, images, database, process, adminPassword, component);
    const migrated = { ...component, dependsOn: [migration] };
    const services = createServices(shared, { images, networks, volumes, database, process }, migrated);
    const gateway = createGateway(shared, images, networks, component);
    const all: EnvironmentServices = { ...services, gateway: gateway.service };
    const deployed = deployedEnvironment({
      ...shared,
      images,
      database,
      authority: gateway.authority,
      process,
      adminPassword,
      services: all,
    });
    const rollout = new Rollout(
      `${name}-rollout`,
      {
        services: serviceList(all),
        timeoutSeconds: settings.rollout.timeoutSeconds,
        environment: deployed,
        engine: shared.engine,
      },
      component,
    );
    const checks = new CriticalChecks(
      `${name}-checks`,
      {
        deployment: rollout.deployment,
        mended: rollout.mended,
        protect: settings.database.protect,
        environment: deployed,
      },
      { ...component, dependsOn: [rollout] },
    );

    const port = settings.gateway.port === 443 ? "" : `:${settings.gateway.port}`;
    this.urls = shared.hostnames.filter((host) => !host.startsWith("*")).map((host) => `https://${host}${port}/`);
    this.release = images.release;
    this.releaseReferences = images.references;
    this.databaseAddress = database.address;
    this.reportDatabaseUrl = pulumi.secret(database.hostUrl("report"));
    this.certificateAuthority = gateway.authority;
    this.adminUsername = settings.app.adminUsername;
    this.adminPassword = adminPassword;
    this.logs = `docker service logs --follow ${services.app.serviceName}`;
    this.checks = checks.results;
    this.registerOutputs();
  }
}

function releaseImages({ name, settings, engine }: Shared, opts: pulumi.ComponentResourceOptions): ReleaseImages {
  return new ReleaseImages(
    `${name}-release`,
    {
      projectName: settings.app.name,
      source: settings.app.source,
      settingsModule: settings.app.settingsModule,
      environment: settings.app.environment,
      baseImage: settings.images.base,
      registry: settings.images.registry,
      release: settings.images.release,
      engine,
    },
    opts,
  );
}

interface Volumes {
  readonly static: docker.Volume;
  readonly media: docker.Volume;
}

function createVolumes({ name, settings, owner, engine }: Shared, provider: docker.Provider): Volumes {
  const volume = (role: string, protect: boolean) =>
    new docker.Volume(
      `${name}-${role}`,
      { name: `${name}-${role}`, labels: environmentLabels(name) },
      {
        parent: owner,
        provider,
        protect,
        retainOnDelete: protect,
        hooks: { beforeCreate: [unusedVolumeHook(engine, `${name}-${role}`)] },
      },
    );
  return { static: volume("static", false), media: volume("media", settings.database.protect) };
}

function createDatabase(
  { name, settings, engine, snapshot }: Shared,
  images: ReleaseImages,
  networks: Networks,
  opts: pulumi.ComponentResourceOptions,
): PostgresDatabase {
  const { database } = settings;
  return new PostgresDatabase(
    `${name}-database`,
    {
      environmentName: name,
      server: database.server,
      image: images.images.postgres,
      snapshot,
      databaseName: database.name,
      extensions: database.extensions,
      adminPort: database.adminPort,
      maxConnections: database.maxConnections,
      memoryMiB: database.memoryMiB,
      protect: database.protect,
      dataNetwork: networks.data.name,
      engine,
    },
    opts,
  );
}

function password({ name, owner }: Shared, role: string, length: number): pulumi.Output<string> {
  // No special characters: the values stand in URLs, forms and shells.
  return new random.RandomPassword(`${name}-${role}`, { length, special: false }, { parent: owner }).result;
}

function djangoProcess(
  { settings, hostnames }: Shared,
  images: ReleaseImages,
  secretKey: pulumi.Output<string>,
): DjangoProcess {
  return {
    release: images.release,
    settingsModule: settings.app.settingsModule,
    hostnames,
    gatewayPort: settings.gateway.port,
    secretKey,
    environment: settings.app.environment,
    secrets: settings.app.secrets,
  };
}

function migrate(
  { name, settings, engine, snapshot }: Shared,
  images: ReleaseImages,
  database: PostgresDatabase,
  process: DjangoProcess,
  adminPassword: pulumi.Output<string>,
  opts: pulumi.ComponentResourceOptions,
): Migration {
  return new Migration(
    `${name}-migration`,
    {
      environmentName: name,
      projectName: settings.app.name,
      release: images.release,
      image: images.images.application,
      imageName: images.applicationName,
      serverIdentity: database.serverIdentity,
      ownerUrl: database.url("owner"),
      secretKey: process.secretKey,
      adminUsername: settings.app.adminUsername,
      adminPassword,
      variables: djangoVariables(process),
      secrets: settings.app.secrets,
      dataNetwork: `${name}-data`,
      lockTimeoutSeconds: settings.migration.lockTimeoutSeconds,
      statementTimeoutSeconds: settings.migration.statementTimeoutSeconds,
      waitSeconds: settings.migration.waitSeconds,
      memoryMiB: settings.app.memoryMiB,
      rehearsal: {
        form: settings.migration.rehearsal,
        longestWaitSeconds: settings.migration.longestWaitSeconds,
        accepted: settings.checks.accepted,
        snapshot: settings.database.snapshot === "none" ? "newest" : settings.database.snapshot,
        startsFromSnapshot: snapshot !== undefined,
        appService: `${name}-app`,
        paths: [settings.checks.page, settings.checks.api, settings.checks.adminLogin].filter(
          (path) => path !== "none",
        ),
        administration: database.administration,
        databaseAdminPassword: database.adminPassword,
        databaseMemoryMiB: settings.database.memoryMiB,
        databaseParameters: serverParameters(settings.database),
      },
      engine,
    },
    { ...opts, dependsOn: [images, database] },
  );
}

function createServices(
  { name, settings, engine }: Shared,
  parts: {
    readonly images: ReleaseImages;
    readonly networks: Networks;
    readonly volumes: Volumes;
    readonly database: PostgresDatabase;
    readonly process: DjangoProcess;
  },
  opts: pulumi.ComponentResourceOptions,
): Omit<EnvironmentServices, "gateway"> {
  const { images, networks, volumes, database, process } = parts;
  const common = { environmentName: name, engine };
  const staticFiles = new StaticFiles(
    name,
    {
      ...common,
      release: images.release,
      image: images.images.static,
      staticVolume: volumes.static.name,
      mediaVolume: volumes.media.name,
      appNetwork: networks.app.id,
      replicas: settings.static.replicas,
      memoryMiB: settings.static.memoryMiB,
    },
    opts,
  );
  const app = new DjangoApp(
    name,
    {
      ...common,
      image: images.images.application,
      process,
      command: settings.app.command,
      databaseUrl: database.url("app"),
      reportDatabaseUrl: database.url("report"),
      mediaVolume: volumes.media.name,
      appNetwork: networks.app.id,
      dataNetwork: networks.data.id,
      replicas: settings.app.replicas,
      memoryMiB: settings.app.memoryMiB,
      cpus: settings.app.cpus,
      drainSeconds: settings.app.drainSeconds,
    },
    opts,
  );
  if (settings.etl.command === "none") return { app: app.service, static: staticFiles.service };
  const etl = new EtlWorker(
    name,
    {
      ...common,
      image: images.images.application,
      process,
      command: settings.etl.command,
      environment: settings.etl.environment,
      databaseUrl: database.url("etl"),
      mediaVolume: volumes.media.name,
      dataNetwork: networks.data.id,
      memoryMiB: settings.etl.memoryMiB,
      cpus: settings.etl.cpus,
    },
    opts,
  );
  return { app: app.service, static: staticFiles.service, etl: etl.service };
}

function createGateway(
  { name, settings, engine, hostnames }: Shared,
  images: ReleaseImages,
  networks: Networks,
  opts: pulumi.ComponentResourceOptions,
): Gateway {
  return new Gateway(
    name,
    {
      environmentName: name,
      image: images.images.gateway,
      hostnames,
      certificate: settings.tls.certificate,
      port: settings.gateway.port,
      publish: settings.gateway.publish,
      maxBodyMiB: settings.gateway.maxBodyMiB,
      frontNetwork: networks.front.id,
      appNetwork: networks.app.id,
      memoryMiB: settings.gateway.memoryMiB,
      engine,
    },
    opts,
  );
}
