import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { onTestFinished } from "vitest";
import { dockerClient } from "../../../engine/docker-client.ts";

/** What the engine is asked: `GET /services/app`, with the query apart. */
export interface EngineRequest {
  readonly call: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** What it answers: a status with a body, which is JSON unless it is a buffer. */
export interface EngineAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FakeEngine {
  readonly docker: Docker;
  /** Address of the engine, as a setting names it. */
  readonly host: string;
  /** All that was asked, in order. */
  readonly requests: readonly EngineRequest[];
  readonly calls: () => string[];
  close(): void;
}

/** The answer of an engine that has no such object. */
export const NOT_FOUND: EngineAnswer = { status: 404, body: { message: "no such object" } };

/**
 * An engine on a socket of its own that answers what `answer` says, and 404 to all else.
 *
 * @param attach what it does with a connection that was upgraded to a raw stream
 */
export async function startFakeEngine(
  answer: (request: EngineRequest) => EngineAnswer | undefined | Promise<EngineAnswer | undefined>,
  attach?: (socket: Socket, call: string) => void,
): Promise<FakeEngine> {
  const folder = mkdtempSync(path.join(tmpdir(), "engine-"));
  const requests: EngineRequest[] = [];
  const requestOf = (incoming: IncomingMessage, body: string): EngineRequest => {
    const url = new URL(incoming.url ?? "/", "http://engine");
    const request = {
      call: `${incoming.method ?? ""} ${url.pathname}`,
      query: url.searchParams,
      body: body === "" ? undefined : (JSON.parse(body) as unknown),
    };
    requests.push(request);
    return request;
  };
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then(async (body) => {
      const { status, headers, body: content } = (await answer(requestOf(incoming, body))) ?? NOT_FOUND;
      outgoing.writeHead(status, {
        "Content-Type": Buffer.isBuffer(content) ? "application/octet-stream" : "application/json",
        ...headers,
      });
      outgoing.end(Buffer.isBuffer(content) ? content : content === undefined ? "" : JSON.stringify(content));
    });
  });
  server.on("upgrade", (incoming, socket: Socket) => {
    const { call } = requestOf(incoming, "");
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    attach?.(socket, call);
  });
  const socketPath = path.join(folder, "docker.sock");
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const host = `unix://${socketPath}`;
  return {
    docker: dockerClient(host),
    host,
    requests,
    calls: () => requests.map(({ call }) => call),
    close: () => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** As `startFakeEngine`, gone after the test. */
export async function fakeEngine(...args: Parameters<typeof startFakeEngine>): Promise<FakeEngine> {
  const engine = await startFakeEngine(...args);
  onTestFinished(() => {
    engine.close();
  });
  return engine;
}

/** A frame of a multiplexed stream. */
export function streamFrame(stream: "stdout" | "stderr", content: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream === "stdout" ? 1 : 2, 0);
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
}
