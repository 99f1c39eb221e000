import type { Json } from '../domain/json.ts';

/** One parameter in a job's schema. Without a type it takes whatever it is given. */
export interface ParameterOptions {
  /** What a launch may give; whatever it gives if not said. */
  readonly type?: 'string' | 'integer' | 'float' | 'boolean' | 'date' | 'json';
  /** Taken where a launch does not name it. */
  readonly default?: Json;
  /** A launch must name it. Not together with a default. */
  readonly required?: boolean;
  /** `false`: launches that differ in it alone are of one instance. */
  readonly identifying?: boolean;
  /** For people. */
  readonly description?: string;
}

export type ParameterSchemaOptions = Readonly<Record<string, ParameterOptions>>;

/**
 * Parameters of a job whose schema is not told to the step. They are whatever the launch gave, so nothing is known of their
 * types; name them (`StepContext<ParametersOf<typeof parameters>>`) where the compiler should watch.
 */
// eslint-disable-next-line typescript/no-explicit-any -- `unknown` would have every author cast each parameter that he uses
export type AnyParameters = Readonly<Record<string, any>>;

/**
 * The types of a schema's values: `const parameters = { chunk: { type: 'integer', default: 1000 } } as const`. A parameter
 * that may be left out is perhaps `undefined`; one that may be null is not told.
 */
export type ParametersOf<Schema extends ParameterSchemaOptions> = {
  readonly [Name in keyof Schema]: ParameterValue<Schema[Name]> | Absence<Schema[Name]>;
};

type Absence<Definition> = Definition extends { default: unknown } | { required: true } ? never : undefined;

interface ValueByType {
  string: string;
  /** Beyond 2^53 a bigint, which arithmetic refuses to mix with numbers: no silent loss. */
  integer: number;
  float: number;
  boolean: boolean;
  /** The text that was given. */
  date: string;
  json: Json;
}

type ParameterValue<Definition> = Definition extends { type: infer Type extends keyof ValueByType }
  ? ValueByType[Type]
  : unknown;
