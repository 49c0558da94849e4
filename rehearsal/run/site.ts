import type { DeployedEnvironment } from "../checks/check.ts";

/** An environment as its visitors see it: what a client of the gateway needs. */
export type Site = Pick<
  DeployedEnvironment,
  "gateway" | "hostnames" | "maxBodyMiB" | "authority" | "paths" | "administrator"
>;
