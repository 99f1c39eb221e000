/** What of a W3C trace context goes into log lines. */
export interface TraceContext {
  readonly trace_id: string;
  /** The caller's span, since we make none of our own. */
  readonly span_id: string;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; a version that is yet to come may add fields behind these four. */
const traceparent = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** @returns what a `traceparent` header says, or `null` where it is absent, came twice or is not valid: then it counts for nothing */
export function readTraceContext(header: string | readonly string[] | undefined): TraceContext | null {
  if (typeof header !== 'string' || header.length > 512) return null;
  const [, version, traceId = '', spanId = '', more] = traceparent.exec(header) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return null;
  return { trace_id: traceId, span_id: spanId };
}
