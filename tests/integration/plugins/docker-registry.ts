import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A registry in memory on loopback, where engines use plain HTTP without being told to. */
export interface LoopbackRegistry {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** The digests of the manifests that were pushed, by `name:tag`. */
  readonly manifests: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

interface Stored {
  readonly content: Buffer;
  readonly type: string;
}

/** Starts a registry that asks for this login. */
export async function startRegistry(username: string, password: string): Promise<LoopbackRegistry> {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, Buffer>();
  const manifests = new Map<string, string>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.headers.authorization !== authorization) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="test"' }).end();
      return;
    }
    const url = new URL(request.url ?? "/", "http://registry");
    const [, name = "", kind, reference = ""] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    const body = await received(request);
    if (kind === undefined) response.writeHead(200).end();
    else if (kind === "blobs/uploads") upload(request.method ?? "", name, reference, url, body, response);
    else if (request.method === "PUT") {
      const digest = digestOf(body);
      objects.set(digest, { content: body, type: request.headers["content-type"] ?? "" });
      manifests.set(`${name}:${reference}`, digest);
      response.writeHead(201, { "Docker-Content-Digest": digest }).end();
    } else {
      const digest = manifests.get(`${name}:${reference}`) ?? reference;
      const stored = objects.get(digest);
      if (stored === undefined) response.writeHead(404).end();
      else {
        const headers = { "Content-Type": stored.type, "Content-Length": stored.content.length };
        response.writeHead(200, { ...headers, "Docker-Content-Digest": digest });
        response.end(request.method === "HEAD" ? undefined : stored.content);
      }
    }
  };
  const upload = (method: string, name: string, id: string, url: URL, body: Buffer, response: ServerResponse): void => {
    const upload = id === "" ? randomUUID() : id;
    const content = Buffer.concat([uploads.get(upload) ?? Buffer.alloc(0), body]);
    uploads.set(upload, content);
    const digest = url.searchParams.get("digest");
    if (method === "PUT" && digest !== null) {
      objects.set(digest, { content, type: "application/octet-stream" });
      response.writeHead(201, { "Docker-Content-Digest": digest }).end();
    } else {
      const headers = {
        Location: `/v2/${name}/blobs/uploads/${upload}`,
        Range: `0-${Math.max(content.length - 1, 0)}`,
      };
      response.writeHead(202, { ...headers, "Docker-Upload-UUID": upload }).end();
    }
  };
  const server: Server = createServer((request, response) => {
    void handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    manifests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function received(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
