import { fromLabels, type Label, toLabels } from "./labels.ts";

/** A mount as the official plugin's containers and services declare it. */
export interface MountInputs {
  readonly type: string;
  readonly target: string;
  readonly source?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly bindOptions?: { readonly propagation?: string | undefined } | undefined;
  readonly tmpfsOptions?: { readonly mode?: number | undefined; readonly sizeBytes?: number | undefined } | undefined;
  readonly volumeOptions?:
    | {
        readonly driverName?: string | undefined;
        readonly driverOptions?: Readonly<Record<string, string>> | undefined;
        readonly labels?: readonly Label[] | undefined;
        readonly noCopy?: boolean | undefined;
      }
    | undefined;
}

/** A mount as the engine knows it. */
export interface EngineMount {
  readonly Type: string;
  readonly Target: string;
  readonly Source?: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: { readonly Propagation?: string };
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
  readonly VolumeOptions?: {
    readonly NoCopy?: boolean;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly DriverConfig?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> | null };
  };
}

/** A declared mount as the engine wants it. */
export function toMount(mount: MountInputs): EngineMount {
  const { bindOptions, tmpfsOptions, volumeOptions } = mount;
  return {
    Type: mount.type,
    Target: mount.target,
    Source: mount.source ?? "",
    ReadOnly: mount.readOnly ?? false,
    ...(bindOptions?.propagation === undefined ? {} : { BindOptions: { Propagation: bindOptions.propagation } }),
    ...(tmpfsOptions === undefined
      ? {}
      : {
          TmpfsOptions: {
            ...(tmpfsOptions.sizeBytes === undefined ? {} : { SizeBytes: tmpfsOptions.sizeBytes }),
            ...(tmpfsOptions.mode === undefined ? {} : { Mode: tmpfsOptions.mode }),
          },
        }),
    ...(volumeOptions === undefined
      ? {}
      : {
          VolumeOptions: {
            NoCopy: volumeOptions.noCopy ?? false,
            Labels: toLabels(volumeOptions.labels),
            ...(volumeOptions.driverName === undefined && volumeOptions.driverOptions === undefined
              ? {}
              : { DriverConfig: { Name: volumeOptions.driverName ?? "", Options: volumeOptions.driverOptions ?? {} } }),
          },
        }),
  };
}

/** The engine's mount as a program would declare it. */
export function fromMount(mount: EngineMount): MountInputs {
  const { BindOptions, TmpfsOptions, VolumeOptions } = mount;
  return {
    type: mount.Type,
    target: mount.Target,
    ...(mount.Source === undefined || mount.Source === "" ? {} : { source: mount.Source }),
    ...(mount.ReadOnly === true ? { readOnly: true } : {}),
    ...(BindOptions?.Propagation === undefined ? {} : { bindOptions: { propagation: BindOptions.Propagation } }),
    ...(TmpfsOptions === undefined
      ? {}
      : { tmpfsOptions: { mode: TmpfsOptions.Mode ?? 0, sizeBytes: TmpfsOptions.SizeBytes ?? 0 } }),
    ...(VolumeOptions === undefined
      ? {}
      : {
          volumeOptions: {
            noCopy: VolumeOptions.NoCopy ?? false,
            labels: fromLabels(VolumeOptions.Labels),
            driverName: VolumeOptions.DriverConfig?.Name ?? "",
            driverOptions: VolumeOptions.DriverConfig?.Options ?? {},
          },
        }),
  };
}
