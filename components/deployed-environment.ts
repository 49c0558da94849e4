import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { ENVIRONMENT_LABEL } from "../engine/leftovers.ts";
import type { DeployedEnvironment } from "../rehearsal/checks/check.ts";
import { type DjangoProcess, djangoVariables } from "./django-process.ts";
import type { EnvironmentSettings } from "./environment-settings.ts";
import type { PostgresDatabase } from "./postgres-database.ts";
import type { ReleaseImages } from "./release-images.ts";
import type { SwarmService } from "./swarm-service.ts";

/** The services of an environment by their role; a project may have no ETL worker. */
export interface EnvironmentServices {
  readonly app: SwarmService;
  readonly static: SwarmService;
  readonly etl?: SwarmService;
  readonly gateway: SwarmService;
}

/** What a deployed environment is described from. */
export interface DeployedEnvironmentArgs {
  readonly name: string;
  readonly settings: EnvironmentSettings;
  readonly hostnames: readonly string[];
  readonly images: ReleaseImages;
  readonly database: PostgresDatabase;
  readonly authority: pulumi.Output<string>;
  readonly process: DjangoProcess;
  readonly adminPassword: pulumi.Output<string>;
  readonly services: EnvironmentServices;
  readonly engine: Dockerode;
}

/** All services of an environment. */
export function serviceList({ app, static: files, etl, gateway }: EnvironmentServices): SwarmService[] {
  return [app, files, ...(etl === undefined ? [] : [etl]), gateway];
}

/** What the critical checks look at, known when everything is deployed. */
export function deployedEnvironment(args: DeployedEnvironmentArgs): pulumi.Output<DeployedEnvironment> {
  const { name, settings, database } = args;
  const [images, services] = [args.images.images, describeServices(args)];
  return pulumi
    .all([
      services,
      args.authority,
      args.adminPassword,
      database.adminPassword,
      database.url("app"),
      database.url("report"),
      args.process.secretKey,
      images.application,
    ])
    .apply(
      ([
        described,
        authority,
        adminPassword,
        databasePassword,
        appUrl,
        reportUrl,
        secretKey,
        image,
      ]): DeployedEnvironment => ({
        name,
        hostnames: args.hostnames,
        gateway: { address: settings.gateway.address, port: settings.gateway.port },
        maxBodyMiB: settings.gateway.maxBodyMiB,
        authority,
        outside: settings.network.outside,
        paths: { page: settings.checks.page, api: settings.checks.api, adminLogin: settings.checks.adminLogin },
        checks: settings.checks,
        administrator: { username: settings.app.adminUsername, password: adminPassword },
        services: described,
        database: { ...database.administration, password: databasePassword },
        roles: {
          owner: database.roleName("owner"),
          app: database.roleName("app"),
          etl: database.roleName("etl"),
          report: database.roleName("report"),
        },
        releaseContainer: {
          name: `${name}-check`,
          image,
          environment: djangoVariables(args.process),
          secrets: {
            ...settings.app.secrets,
            DATABASE_URL: appUrl,
            REPORT_DATABASE_URL: reportUrl,
            DJANGO_SECRET_KEY: secretKey,
          },
          networks: [`${name}-data`],
          memoryBytes: settings.app.memoryMiB * 1024 * 1024,
          labels: { [ENVIRONMENT_LABEL]: name },
        },
        engine: args.engine,
      }),
    );
}

function describeServices({ services, images: { images } }: DeployedEnvironmentArgs) {
  const described = [
    describe("app", services.app, images.application),
    describe("static", services.static, images.static),
    describe("gateway", services.gateway, images.gateway),
    ...(services.etl === undefined ? [] : [describe("etl", services.etl, images.application)]),
  ];
  return pulumi.all(described);
}

function describe(
  role: keyof EnvironmentServices,
  { serviceName, declaration }: SwarmService,
  image: pulumi.Output<string>,
) {
  return pulumi
    .all([declaration, image])
    .apply(([label, reference]) => ({ role, name: serviceName, declaration: label, image: reference }));
}
