import { createHash } from "node:crypto";
import type { Answer } from "../../checks/gateway-client.ts";
import { attributeOf, documentOf } from "../../checks/html.ts";

/** A policy's lists of sources by directive. */
type Policy = ReadonlyMap<string, readonly string[]>;

const SCRIPT_TYPES = /^(?:|module|(?:text|application)\/(?:java|ecma)script)$/i;
const HASH = /^'(sha256|sha384|sha512)-([^']+)'$/;
const BASE = "https://this-host.invalid";

/**
 * What browsers do not run or load of a page, since its Content-Security-Policy does not allow it: scripts, style sheets
 * and forms.
 */
export function blockedParts({ headers, body, path }: Pick<Answer, "headers" | "body" | "path">): string[] {
  const policies = [headers["content-security-policy"] ?? []]
    .flat()
    .flatMap((text) => text.split(","))
    .map(parse);
  if (policies.length === 0) return [];
  const document = documentOf(body);
  const blocked = policies.flatMap((policy) => [
    ...[...document.querySelectorAll("script")].flatMap((script) => blockedScript(script, policy, path)),
    ...[...document.querySelectorAll("style")].flatMap((style) =>
      allowsInline(sources(policy, "style-src-elem", "style-src"), style) ? [] : ["inline style"],
    ),
    ...[...document.querySelectorAll("link")].flatMap((link) => blockedStyleSheet(link, policy, path)),
    ...[...document.querySelectorAll("form")].flatMap((form) => blockedForm(form, policy, path)),
  ]);
  return [...new Set(blocked)].sort();
}

function parse(text: string): Policy {
  const directives = text.split(";").map((part) => part.trim().split(/\s+/));
  return new Map(directives.map(([name = "", ...list]) => [name.toLowerCase(), list]));
}

/** The sources that count for something; undefined where any does. */
function sources(policy: Policy, ...names: readonly string[]): readonly string[] | undefined {
  for (const name of [...names, "default-src"]) {
    const list = policy.get(name);
    if (list !== undefined) return list;
  }
  return undefined;
}

function blockedScript(script: Element, policy: Policy, path: string): string[] {
  if (!SCRIPT_TYPES.test(attributeOf(script, "type").trim())) return [];
  const list = sources(policy, "script-src-elem", "script-src");
  const source = attributeOf(script, "src");
  if (source === "") return allowsInline(list, script) ? [] : ["inline script"];
  return allowsUrl(list, source, path, script) ? [] : [`script ${withoutVersion(source)}`];
}

function blockedStyleSheet(link: Element, policy: Policy, path: string): string[] {
  if (!/\bstylesheet\b/i.test(attributeOf(link, "rel"))) return [];
  const source = attributeOf(link, "href");
  const list = sources(policy, "style-src-elem", "style-src");
  return source === "" || allowsUrl(list, source, path, link) ? [] : [`style sheet ${withoutVersion(source)}`];
}

/** `default-src` says nothing of forms. */
function blockedForm(form: Element, policy: Policy, path: string): string[] {
  const list = policy.get("form-action");
  const action = attributeOf(form, "action");
  return allowsUrl(list, action === "" ? path : action, path, form) ? [] : ["form"];
}

function allowsInline(list: readonly string[] | undefined, element: Element): boolean {
  if (list === undefined || hasNonce(list, element)) return true;
  const strict = list.some((source) => /^'(?:nonce-|sha\d+-|strict-dynamic)/.test(source));
  if (list.includes("'unsafe-inline'") && !strict) return true;
  return list.some((source) => {
    const [, algorithm = "", digest] = HASH.exec(source) ?? [];
    return digest !== undefined && createHash(algorithm).update(element.textContent).digest("base64") === digest;
  });
}

function allowsUrl(list: readonly string[] | undefined, url: string, path: string, element: Element): boolean {
  if (list === undefined || hasNonce(list, element)) return true;
  const base = new URL(path, BASE);
  // What is not to be judged here, browsers judge: a hash of the file, and scripts that others load.
  if (!URL.canParse(url, base) || attributeOf(element, "integrity") !== "" || list.includes("'strict-dynamic'"))
    return true;
  const target = new URL(url, base);
  return list.some((source) => {
    if (source === "*" || source.toLowerCase() === target.protocol) return true;
    if (source === "'self'") return target.origin === base.origin;
    const [, host = ""] = /^(?:[a-z]+:\/\/)?([^/:']+)/i.exec(source) ?? [];
    return host.startsWith("*.") ? target.hostname.endsWith(host.slice(1)) : target.hostname === host;
  });
}

function hasNonce(list: readonly string[], element: Element): boolean {
  const nonce = attributeOf(element, "nonce");
  return nonce !== "" && list.includes(`'nonce-${nonce}'`);
}

/** A file whose content changed is not another one. */
function withoutVersion(url: string): string {
  return url.replace(/\?.*$/, "").replace(/\.[0-9a-f]{8,}(?=\.)/, "");
}
