import { STATUS_CODES } from 'node:http';

import { BatchyError } from '../domain/errors.ts';
import { problemOf } from './problems.ts';

/**
 * What Node's HTTP parser found wrong with what came over a connection, before there was a request.
 * @param code as Node names it: `HPE_…` of its parser, `ERR_HTTP_REQUEST_TIMEOUT`
 */
export function malformedRequest(code: string | undefined): BatchyError {
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
export function rawProblem(error: BatchyError): string {
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
