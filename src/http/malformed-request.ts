import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import { BatchyError } from '../domain/errors.ts';
import { problemOf } from './problems.ts';

/**
 * Answers what is no request. Where a whole request came before it on the same connection, that one's answer is the only
 * one: a refusal would be taken for it, and what it asks for is being done.
 */
export class MalformedRequests {
  readonly #inProgress = new WeakMap<Duplex, Set<ServerResponse>>();

  /** Must see every request, before anything is done about it. */
  watch(server: Server): void {
    server.prependListener('request', (request, response) => {
      const { socket } = request;
      const responses = this.#inProgress.get(socket) ?? new Set();
      this.#inProgress.set(socket, responses.add(response));
      response.once('close', () => responses.delete(response));
    });
  }

  /** @param code as Node names it: `HPE_…` of its parser, `ERR_HTTP_REQUEST_TIMEOUT` */
  answer(code: string | undefined, socket: Duplex): void {
    const accepted = [...(this.#inProgress.get(socket) ?? [])].filter(({ req }) => isBeingDone(req));
    const last = accepted.at(-1);
    if (last !== undefined) last.once('close', () => socket.end());
    else if (socket.writable) socket.end(rawProblem(malformedRequest(code)));
    else socket.destroy();
  }
}

/** A body is waited for before anything is done, but not that of a GET, which nobody reads. */
function isBeingDone(request: IncomingMessage): boolean {
  return request.complete || request.method === 'GET' || request.method === 'HEAD';
}

/** What Node's HTTP parser found wrong with what came over a connection, before there was a request. */
function malformedRequest(code: string | undefined): BatchyError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new BatchyError(
      'headers-too-large',
      'The headers, or the URL, are larger than 16 KiB. Nothing was changed; send less.',
    );
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new BatchyError(
      'request-timeout',
      'The request did not arrive whole within REQUEST_TIMEOUT_SECONDS. Nothing was changed; send it again.',
    );
  return new BatchyError(
    'invalid-request',
    `What was sent is no HTTP/1.1 request${code === undefined ? '' : ` (${code})`}. Nothing was changed.`,
  );
}

/** A problem as bytes for a connection that is closed after it. */
function rawProblem(error: BatchyError): string {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
