import { type Json, numberFromSource } from '../domain/json.ts';

/**
 * Plain YAML scalars as PyYAML 6 reads them (`yaml/resolver.py`, YAML 1.1), since that is what teams' files were written
 * for. Where its reading would change what somebody wrote, we keep the text instead:
 *
 * - `12:30:00`, `1:30`: PyYAML reads base 60 (45000, 90). Nobody who writes a time means that: text.
 * - `2016-01-01`, `2016-01-01 23:59:00`: PyYAML makes dates, which JSON cannot carry: text.
 * - `1e3`, `1234e56`, `-.5`, `08`, `0o17`, `y`, `n`: no numbers or booleans to PyYAML either: text.
 *
 * `010` is 8, `0x1F` is 31, `0b11` is 3, `1_000` is 1000, `yes` and `on` are true: as ever. `.inf` and `.nan` have no JSON.
 */
const trueWords: ReadonlySet<string> = new Set(['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const falseWords: ReadonlySet<string> = new Set(['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const nullWords: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

const decimalInteger = /^([-+]?)(0|[1-9][0-9_]*)$/;
const otherInteger = /^([-+]?)0(?:b([01_]*[01][01_]*)|x([0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*)|([0-7_]+))$/;
const float = /^(?:([-+]?)([0-9][0-9_]*)\.([0-9_]*)|\.([0-9][0-9_]*))([eE][-+][0-9]+)?$/;
const noJsonNumber = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** What a scalar's core tag says that it is. */
export type ScalarTag = 'str' | 'int' | 'float' | 'bool' | 'null';

/** The value of a plain scalar, or `undefined` where it is a number that JSON cannot carry. */
export function readPlainScalar(text: string): Json | undefined {
  if (nullWords.has(text)) return null;
  if (trueWords.has(text)) return true;
  if (falseWords.has(text)) return false;
  if (noJsonNumber.test(text)) return undefined;
  return readInteger(text) ?? readFloat(text) ?? text;
}

/** The value of a scalar under an explicit core tag (`!!int "5"`), or `undefined` where the text is no such thing. */
export function readTaggedScalar(text: string, tag: ScalarTag): Json | undefined {
  switch (tag) {
    case 'str':
      return text;
    case 'int':
      return readInteger(text);
    case 'float':
      return readFloat(text) ?? (decimalInteger.test(text) ? readFloat(`${text}.0`) : undefined);
    case 'bool':
      if (trueWords.has(text)) return true;
      return falseWords.has(text) ? false : undefined;
    case 'null':
      return nullWords.has(text) ? null : undefined;
    default:
      return tag satisfies never;
  }
}

function readInteger(text: string): Json | undefined {
  const decimal = decimalInteger.exec(text);
  if (decimal) return signed(decimal[1], withoutSeparators(decimal[2]));
  const other = otherInteger.exec(text);
  if (!other) return undefined;
  const [, sign, binary, hex, octal] = other;
  const literal =
    binary === undefined
      ? hex === undefined
        ? `0o0${withoutSeparators(octal)}`
        : `0x${withoutSeparators(hex)}`
      : `0b${withoutSeparators(binary)}`;
  return signed(sign, String(BigInt(literal)));
}

/** A float as it was written; only what JSON's grammar does not have (`+1.5`, `.5`, `1.`, `1_0.5`) is brought into it. */
function readFloat(text: string): Json | undefined {
  const match = float.exec(text);
  if (!match) return undefined;
  const [, sign, whole, after, alone, exponent = ''] = match;
  const digits = withoutSeparators(whole).replace(/^0+(?=\d)/, '') || '0';
  const fraction = withoutSeparators(after ?? alone) || '0';
  return numberFromSource(`${sign === '-' ? '-' : ''}${digits}.${fraction}${exponent}`);
}

/** Integers have no negative zero: `-0` is 0, as in Python. */
function signed(sign: string | undefined, digits: string): Json {
  return numberFromSource(sign === '-' && digits !== '0' ? `-${digits}` : digits);
}

function withoutSeparators(digits = ''): string {
  return digits.replaceAll('_', '');
}
