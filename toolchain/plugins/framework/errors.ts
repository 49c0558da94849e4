import { Metadata, type ServerErrorResponse, status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import { plainServiceError } from "./unary.ts";
import { type Properties, toStruct } from "./values.ts";

/** The resource exists but is not as it should be: the engine records it, and tries to mend it at the next update. */
export class ResourceInitializationError extends Error {
  readonly id: string;
  readonly state: Properties;
  readonly reasons: readonly string[];
  /** The inputs that the engine records; the framework fills them in. */
  readonly inputs: Properties;
  constructor(
    message: string,
    id: string,
    state: Properties,
    reasons: readonly string[] = [message],
    inputs: Properties = {},
  ) {
    super(message);
    this.inputs = inputs;
    this.id = id;
    this.state = state;
    this.reasons = reasons;
  }
}

/** Ends each refusal: what the reader is dealing with, and the way out. */
export function standInRemedy(plugin: string, version: string): string {
  return (
    `This is the stand-in of the ${plugin} plugin for closed networks, which covers only part of it ` +
    `(toolchain/plugins/README.md). Do without, or use the official plugin: pulumi plugin install resource ${plugin} v${version}`
  );
}

/** An exception as the engine reads it: the exception's own message, and for a half-made resource what there is of it. */
export function toServiceError(error: unknown): ServerErrorResponse {
  const response = plainServiceError(error);
  if (error instanceof ResourceInitializationError) {
    const detail = new providerPb.ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(toStruct(error.state));
    detail.setInputs(toStruct(error.inputs));
    detail.setReasonsList([...error.reasons]);
    const packed = new anyPb.Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const details = new statusPb.Status();
    details.setCode(status.UNKNOWN);
    details.setMessage(error.message);
    details.addDetails(packed);
    response.metadata = new Metadata();
    response.metadata.set("grpc-status-details-bin", Buffer.from(details.serializeBinary()));
  }
  return response;
}
