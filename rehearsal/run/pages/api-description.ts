import { parse } from "yaml";
import type { Answer } from "../../checks/gateway-client.ts";

/** Pages that draw an API's description name it in their script, and link to it nowhere. */
const DRAWN_BY = /swagger-?ui|redoc|rapidoc|scalar/i;
const NAMED_AS = /\b(?:url|spec-?url)["']?\s*[:=]\s*"([^"\s]+)"/gi;
const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
/** Descriptions may refer to themselves. */
const DEEPEST = 8;

type Json = Readonly<Record<string, unknown>>;

/** Paths of API descriptions that a page draws. */
export function descriptionsOf(html: string, path: string): string[] {
  if (!DRAWN_BY.test(html)) return [];
  const base = new URL(path, "https://this-host.invalid");
  return [...html.matchAll(NAMED_AS)].flatMap(([, name = ""]) => {
    const url = unescaped(name);
    if (!URL.canParse(url, base)) return [];
    const { origin, pathname, search } = new URL(url, base);
    return origin === base.origin ? [`${pathname}${search}`] : [];
  });
}

/**
 * What an OpenAPI description promises to clients: operations, the parameters that they take, and the fields that answers
 * have. Empty where the answer is no such description.
 */
export function promisesOf({ headers, body }: Pick<Answer, "headers" | "body">): string[] {
  const type = String(headers["content-type"] ?? "");
  if (!/\b(?:json|yaml|openapi)\b/i.test(type)) return [];
  const document = read(body);
  if (!isObject(document) || typeof document["openapi"] !== "string" || !isObject(document["paths"])) return [];
  const resolve = resolver(document);
  const promises = Object.entries(document["paths"]).flatMap(([path, item]) => {
    const shared = list(resolve(item)["parameters"]);
    return METHODS.flatMap((method) => {
      const operation = resolve(item)[method];
      if (!isObject(operation)) return [];
      const name = `${method.toUpperCase()} ${path}`;
      const parameters = [...shared, ...list(operation["parameters"])].map(resolve);
      return [
        name,
        ...parameters.map((parameter) => `${name}, parameter ${String(parameter["name"])}`),
        ...answersOf(resolve(operation), resolve).map((field) => `${name}, answer's ${field}`),
      ];
    });
  });
  return [...new Set(promises)].sort();
}

/** The fields of an operation's answers of success. */
function answersOf(operation: Json, resolve: (value: unknown) => Json): string[] {
  const answers = Object.entries(resolve(operation["responses"])).filter(([status]) => /^2/.test(status));
  return answers.flatMap(([, answer]) =>
    Object.values(resolve(resolve(answer)["content"])).flatMap((content) =>
      fieldsOf(resolve(content)["schema"], "", resolve, DEEPEST),
    ),
  );
}

function fieldsOf(schema: unknown, way: string, resolve: (value: unknown) => Json, depth: number): string[] {
  if (depth === 0) return [];
  const { properties, items, allOf } = resolve(schema);
  const parts = list(allOf).flatMap((part) => fieldsOf(part, way, resolve, depth - 1));
  if (items !== undefined) parts.push(...fieldsOf(items, `${way}[]`, resolve, depth - 1));
  for (const [name, inner] of Object.entries(isObject(properties) ? properties : {})) {
    const field = way === "" ? name : `${way}.${name}`;
    const guarded = resolve(inner)["readOnly"] === true ? [`${field}, which nobody may write`] : [];
    parts.push(field, ...guarded, ...fieldsOf(inner, field, resolve, depth - 1));
  }
  return parts;
}

/** Follows a reference within the document; an empty object where there is none. */
function resolver(document: Json): (value: unknown) => Json {
  return (value) => {
    if (!isObject(value)) return {};
    const reference = value["$ref"];
    if (typeof reference !== "string") return value;
    const parts = reference.replace(/^#\//, "").split("/");
    const found = parts.reduce<unknown>(
      (inner, part) => (isObject(inner) ? inner[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined),
      document,
    );
    return isObject(found) ? found : {};
  };
}

function read(body: string): unknown {
  try {
    // YAML is a superset of JSON.
    return parse(body);
  } catch {
    return undefined;
  }
}

/** A text within a script. */
function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
