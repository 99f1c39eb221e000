import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';

export interface FakeRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `drop` cuts the connection without an answer, `hang` never answers. */
export type FakeAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | 'drop'
  | 'hang';

export interface FakeServer {
  readonly url: string;
  /** What was asked so far. */
  readonly requests: readonly FakeRequest[];
  /** Stops listening and cuts all connections; the port stays known. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

/** A server that answers what a test says, ended with the test. */
export async function fakeServer(answer: (request: FakeRequest, count: number) => FakeAnswer): Promise<FakeServer> {
  const requests: FakeRequest[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      requests.push(asked);
      const given = answer(asked, requests.length);
      if (given === 'drop') request.socket.destroy();
      if (typeof given === 'string') return;
      const text = typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? {});
      response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...given.headers }).end(text);
    });
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const goAway = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  onTestFinished(goAway);
  return { url: `http://127.0.0.1:${port}`, requests, goAway, comeBack: () => listen(server, port) };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

/** A problem as our server words it. */
export function problem(status: number, code: string, detail: string, more: object = {}): FakeAnswer {
  return { status, body: { type: `/problems/${code}`, title: 'x', status, detail, ...more } };
}
