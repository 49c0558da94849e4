import { randomUUID } from "node:crypto";
import { request } from "node:https";
import type { DeployedEnvironment } from "./check.ts";

/** An answer of the gateway, complete. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The path that answered, after redirects. */
  readonly path: string;
}

/** What a request carries beyond its path. */
export interface RequestOptions {
  readonly method?: "GET" | "POST";
  /** Fields of a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** A file that is sent beside the fields. */
  readonly file?: { readonly name: string; readonly content: Buffer };
  /** More headers, which stand in for those of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
}

const TIMEOUT_MILLISECONDS = 15_000;
/** What is said of a request that took too long. */
export const NO_ANSWER = `no answer within ${TIMEOUT_MILLISECONDS / 1000} s`;
const REDIRECTS = 4;

/** A client as a browser is one: it verifies the certificate strictly, follows redirects and keeps cookies. */
export class GatewayClient {
  readonly #environment: Pick<DeployedEnvironment, "gateway" | "authority">;
  readonly #hostname: string;
  readonly #cookies = new Map<string, string>();
  readonly #received: string[] = [];

  /** @param hostname the name to ask for, by SNI and in the Host header */
  public constructor(environment: Pick<DeployedEnvironment, "gateway" | "authority">, hostname: string) {
    this.#environment = environment;
    this.#hostname = hostname;
  }

  public get origin(): string {
    const { port } = this.#environment.gateway;
    return `https://${this.#hostname}${port === 443 ? "" : `:${port}`}`;
  }

  /** Every `Set-Cookie` that came, whole, in order. */
  public get received(): readonly string[] {
    return this.#received;
  }

  public cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  /** @throws Error when the connection or the certificate fails, or redirects do not end or leave the host */
  public async fetch(path: string, options: RequestOptions = {}): Promise<Answer> {
    let next = path;
    let carried = options;
    for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
      const answer = await this.once(next, carried);
      if (!isRedirect(answer.status)) return answer;
      const target = new URL(String(answer.headers["location"] ?? ""), `${this.origin}${next}`);
      if (target.origin !== this.origin)
        throw new Error(`${next} redirects to ${target.href}, which is another origin`);
      next = `${target.pathname}${target.search}`;
      carried = {};
    }
    throw new Error(`${path} does not stop redirecting; the last redirect leads to ${next}`);
  }

  /** One request, without following redirects. */
  public async once(path: string, options: RequestOptions = {}): Promise<Answer> {
    const { gateway, authority } = this.#environment;
    const body = bodyOf(options);
    return await new Promise<Answer>((resolve, reject) => {
      const outgoing = request(
        {
          host: gateway.address,
          port: gateway.port,
          servername: this.#hostname,
          path,
          method: options.method ?? "GET",
          ...(authority === "" ? {} : { ca: authority }),
          headers: {
            Host: this.origin.slice("https://".length),
            "User-Agent": "rehearsal-checks",
            ...(this.#cookies.size > 0 ? { Cookie: [...this.#cookies].map((pair) => pair.join("=")).join("; ") } : {}),
            ...(body === undefined
              ? {}
              : {
                  "Content-Type": body.type,
                  "Content-Length": body.content.length,
                  Origin: this.origin,
                  Referer: `${this.origin}${path}`,
                }),
            ...options.headers,
          },
          timeout: TIMEOUT_MILLISECONDS,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            this.#keepCookies(incoming.headers["set-cookie"] ?? []);
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text, path });
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(NO_ANSWER)));
      outgoing.on("error", (error) => {
        reject(new Error(`${options.method ?? "GET"} ${this.origin}${path}: ${error.message}`));
      });
      outgoing.end(body?.content);
    });
  }

  #keepCookies(lines: readonly string[]): void {
    this.#received.push(...lines);
    for (const line of lines) {
      const [pair = ""] = line.split(";");
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const [, domain] = /;\s*domain=([^;]*)/i.exec(line) ?? [];
      if (domain !== undefined && !isOfDomain(this.#hostname, domain)) continue;
      // An empty value, or an end in the past, is how a server takes a cookie back.
      if (value === "" || value === '""') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

function bodyOf({ form, file }: RequestOptions): { readonly type: string; readonly content: Buffer } | undefined {
  if (file === undefined) {
    if (form === undefined) return undefined;
    return { type: "application/x-www-form-urlencoded", content: Buffer.from(new URLSearchParams(form).toString()) };
  }
  const boundary = `part-${randomUUID()}`;
  const part = (disposition: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
  const fields = Object.entries(form ?? {}).map(([name, value]) => `${part(`name="${name}"`)}\r\n${value}\r\n`);
  const head = part(`name="${file.name}"; filename="${file.name}"`);
  const content = [
    Buffer.from(`${fields.join("")}${head}Content-Type: application/octet-stream\r\n\r\n`),
    file.content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ];
  return { type: `multipart/form-data; boundary=${boundary}`, content: Buffer.concat(content) };
}

/** Whether a host may set a cookie of a domain; browsers refuse all others. */
export function isOfDomain(host: string, domain: string): boolean {
  const plain = domain.trim().replace(/^\./, "").toLowerCase();
  return host === plain || host.endsWith(`.${plain}`);
}

/** Whether an answer sends its client elsewhere. */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** A client of the environment's first hostname. */
export function mainClient(
  environment: Pick<DeployedEnvironment, "gateway" | "authority" | "hostnames">,
): GatewayClient {
  return new GatewayClient(environment, concreteHostname(environment.hostnames[0] ?? ""));
}

/** A hostname that a pattern covers: the pattern itself, or an example of a wildcard. */
export function concreteHostname(hostname: string): string {
  return hostname.replace(/^\*\./, "any.");
}
