import { flagName, settingNames, type SettingName, settingsSchema, yamlKey } from '../src/config/schema.ts';
import { markdownTable } from './marked-region.ts';

/** As much of a setting's schema as a reader wants to know. */
interface SettingSchema {
  readonly type?: string;
  readonly anyOf?: readonly { readonly const: string }[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly default: unknown;
  readonly description: string;
}

/** Every setting with its three names, its default, what it accepts and what it does, from the schema. */
export function listSettings(): string {
  const rows = settingNames.map((name) => {
    const schema = settingsSchema.properties[name] as object as SettingSchema;
    return [`\`${name}\``, shownDefault(schema), accepted(schema), schema.description];
  });
  const example: SettingName = 'REDIS_URL';
  return [
    `Each is written in three ways: \`${example}\` in the environment or \`.env\`, \`${yamlKey(example)}\` in \`batchy.yaml\`, \`${flagName(example)}\` as a flag of \`batchy serve\`.`,
    '',
    markdownTable(['variable', 'default', 'accepts', 'what it does'], rows),
  ].join('\n');
}

function shownDefault({ default: value }: SettingSchema): string {
  if (value === '') return 'empty';
  return `\`${String(value)}\``;
}

function accepted({ type, anyOf, minimum, exclusiveMinimum, maximum }: SettingSchema): string {
  if (anyOf !== undefined) return anyOf.map((option) => `\`${option.const}\``).join(', ');
  if (type === 'boolean') return '`1`/`0`, `true`/`false`, `yes`/`no`, `on`/`off`';
  const noun = type === 'integer' ? 'whole number' : type === 'number' ? 'number' : 'text';
  const bounds = [
    minimum === undefined ? '' : `≥ ${minimum}`,
    exclusiveMinimum === undefined ? '' : `> ${exclusiveMinimum}`,
    maximum === undefined ? '' : `≤ ${maximum}`,
  ].filter((bound) => bound !== '');
  return [noun, ...bounds].join(' ');
}
