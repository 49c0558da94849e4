import structPb from "google-protobuf/google/protobuf/struct_pb.js";

// The constants of Pulumi's property encoding (developer-docs/providers/property values).
const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

export type Properties = Record<string, unknown>;

/** Stands for a value that a preview does not know yet. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A value that the engine encrypts in state and masks in its output. */
export class Secret {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Whether the value is an object with string keys (not a list, not a secret). */
export function isRecord(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

/** Whether the value, or any value inside it, is unknown. */
export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  if (isRecord(value)) return Object.values(value).some(containsUnknown);
  return false;
}

/** Properties as plain values: secrets unwrapped, unknown ones as `UNKNOWN`, null ones left out. */
export function fromStruct(struct: structPb.Struct | undefined): Properties {
  return struct === undefined ? {} : (decode(struct.toJavaScript()) as Properties);
}

/** The wire form of properties; undefined members are left out, `Secret` and `UNKNOWN` become their signatures. */
export function toStruct(properties: Properties): structPb.Struct {
  return structPb.Struct.fromJavaScript(encode(properties) as Record<string, structPb.JavaScriptValue>);
}

/** A value of the wire form as a plain one. */
export function decode(value: unknown): unknown {
  if (value === UNKNOWN_SENTINEL) return UNKNOWN;
  if (Array.isArray(value)) return value.map(decode);
  if (!isRecord(value)) return value;
  const signature = value[SIGNATURE_KEY];
  if (signature === SECRET_SIGNATURE) return decode(value["value"]);
  if (signature === OUTPUT_SIGNATURE) return "value" in value ? decode(value["value"]) : UNKNOWN;
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([key, member]) => [key, decode(member)]));
}

function encode(value: unknown): unknown {
  if (value === UNKNOWN) return UNKNOWN_SENTINEL;
  if (value instanceof Secret) return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: encode(value.value) };
  if (Array.isArray(value)) return value.map((item: unknown) => encode(item ?? null));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, encode(member)]));
}
