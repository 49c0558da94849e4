import { type Settings, settingsSchema } from "../../config/settings.ts";
import type { LoadOptions, ProductionLimits } from "../run/load/options.ts";
import { sectionsInFile } from "./stack-settings.ts";

const MEBIBYTE = 1024 * 1024;

/** How much load is sent to a stack, by its settings, and what production gives the same release. */
export function loadOptions({ load, rollout }: Settings): LoadOptions {
  return { ...load, rolloutSeconds: rollout.timeoutSeconds, ...productionLimits() };
}

/** Read value by value: the file need not be complete yet, and what is encrypted in it is nobody's business here. */
function productionLimits(): { readonly production?: ProductionLimits } {
  const file = sectionsInFile("production");
  if (file === undefined) return {};
  const { app, etl, static: files, gateway, database } = settingsSchema.shape;
  const memory = {
    app: app.shape.memoryMiB.safeParse(file["app"]?.["memoryMiB"]).data,
    etl: etl.shape.memoryMiB.safeParse(file["etl"]?.["memoryMiB"]).data,
    static: files.unwrap().shape.memoryMiB.safeParse(file["static"]?.["memoryMiB"]).data,
    gateway: gateway.shape.memoryMiB.safeParse(file["gateway"]?.["memoryMiB"]).data,
  };
  const connections = database.shape.maxConnections.safeParse(file["database"]?.["maxConnections"]).data;
  const own = file["database"]?.["server"] === "container" && connections !== undefined;
  return {
    production: {
      tasks: app.shape.replicas.safeParse(file["app"]?.["replicas"]).data ?? 1,
      memoryBytes: Object.fromEntries(
        Object.entries(memory).flatMap(([service, size]) => (size === undefined ? [] : [[service, size * MEBIBYTE]])),
      ),
      ...(own ? { connections } : {}),
    },
  };
}
