import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readTraceContext } from '../../src/http/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const context = { trace_id: traceId, span_id: spanId };

test.each([
  `00-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}-00`,
  `cc-${traceId}-${spanId}-01`,
  `cc-${traceId}-${spanId}-01-what-the-future-will-be-like`,
])('%s is taken', (header) => {
  expect(readTraceContext(header)).toEqual(context);
});

test.each([
  '',
  '00',
  `00-${traceId}-${spanId}`,
  `00-${traceId}-${spanId}-1`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId}-${spanId}-01 `,
  `ff-${traceId}-${spanId}-01`,
  `cc-${traceId}-${spanId}-01.more`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId.slice(1)}-${spanId}-01`,
  `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
  `0g-${traceId}-${spanId}-01`,
  `01-${traceId}-${spanId}-01-${'x'.repeat(1000)}`,
])('%j is ignored', (header) => {
  expect(readTraceContext(header)).toBeNull();
});

test('a header that is absent or came twice is ignored', () => {
  expect(readTraceContext(undefined)).toBeNull();
  expect(readTraceContext([`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01`])).toBeNull();
});

test('nothing but two plain ids ever comes of a header', () => {
  const likely = fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{30,34}-[0-9a-f]{15,17}-[0-9a-f]{1,3}.{0,3}$/);
  fc.assert(
    fc.property(fc.oneof(likely, fc.string({ unit: 'binary' })), (header) => {
      const found = readTraceContext(header);
      expect(found === null || /^[0-9a-f]{32} [0-9a-f]{16}$/.test(`${found.trace_id} ${found.span_id}`)).toBe(true);
    }),
  );
});
