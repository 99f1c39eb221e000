import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import { decodeCursor, encodeCursor } from '../../src/http/cursor.ts';

const positions = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer()), {
  noNullPrototype: true,
});

test('a cursor says what was put into it', () => {
  fc.assert(
    fc.property(positions, (position) => {
      expect(decodeCursor(encodeCursor(position))).toEqual(position);
    }),
  );
});

test('a cursor is safe in a URL', () => {
  fc.assert(
    fc.property(positions, (position) => encodeCursor(position) === encodeURIComponent(encodeCursor(position))),
  );
});

test('any other text is refused as a bad request', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        const position = decodeCursor(text);
        return encodeCursor(position as Record<string, string>) === text;
      } catch (error) {
        return error instanceof BatchyError && error.code === 'invalid-request';
      }
    }),
  );
});

test.each(['null', '[]', '1', '"text"', '{"a":1} ', '{"a":', ''])('%j, encoded, is no cursor', (text) => {
  expect(() => decodeCursor(Buffer.from(text).toString('base64url'))).toThrow(/Link header/);
});
