import type { CheckResponse, DiffResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { defaultsOf } from "./check.ts";
import { topLevel } from "./diff.ts";
import type { CheckFailure, PropertyChange, PropertySpecs } from "./provider.ts";
import { type Properties, type toStruct, UNKNOWN } from "./values.ts";

/** The answer to Check: inputs as the engine shall keep them, or what is wrong with them. */
export function checkResponse(
  failures: readonly CheckFailure[],
  inputs: ReturnType<typeof toStruct> | undefined,
): CheckResponse {
  const response = new providerPb.CheckResponse();
  response.setInputs(inputs);
  for (const { property, reason } of failures) {
    const failure = new providerPb.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

/** The answer to Diff, with each change by its path. */
export function diffResponse(changes: readonly PropertyChange[], deleteBeforeReplace: boolean): DiffResponse {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = providerPb.PropertyDiff.Kind;
  const kinds = {
    add: [ADD, ADD_REPLACE],
    delete: [DELETE, DELETE_REPLACE],
    update: [UPDATE, UPDATE_REPLACE],
  } as const;
  const response = new providerPb.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  response.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  for (const { path, kind, replace } of changes) {
    const detail = new providerPb.PropertyDiff();
    detail.setKind(kinds[kind][replace ? 1 : 0]);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  const replacing = changes.filter((change) => change.replace);
  response.setDiffsList([...new Set(changes.map((change) => topLevel(change.path)))]);
  response.setReplacesList([...new Set(replacing.map((change) => topLevel(change.path)))]);
  response.setDeletebeforereplace(replacing.length > 0 && deleteBeforeReplace);
  return response;
}

/** A name that the program gave and keeps cannot be taken by the new resource before the old one is gone. */
export function keepsGivenName(property: string | undefined, olds: Properties, news: Properties): boolean {
  return property !== undefined && !defaultsOf(news).includes(property) && olds[property] === news[property];
}

/** What a preview of a creation knows of the state. */
export function plannedState(specs: PropertySpecs, inputs: Properties): Properties {
  const planned: Properties = {};
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.computed === true || (spec.computedIfUnset === true && inputs[key] === undefined)) planned[key] = UNKNOWN;
  }
  return { ...planned, ...inputs };
}

/** The outputs of the state that no input decides. */
export function keptOutputs(specs: PropertySpecs, state: Properties): Properties {
  const kept = Object.entries(state).filter(([key]) => {
    const spec = specs[key];
    return spec?.computed === true || spec?.computedIfUnset === true;
  });
  return Object.fromEntries(kept);
}
