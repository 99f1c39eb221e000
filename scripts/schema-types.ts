/** As much of JSON Schema as the routes' schemas use; anything else is refused, so that no type says less than it seems. */
export interface JsonSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'array' | 'object';
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly description?: string;
}

export interface Property {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
  readonly description?: string | undefined;
}

export interface TypeTextOptions {
  /** Types written out once, by their text: whatever has this text is called by that name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What a caller gives may also be `undefined` where it is optional; what is answered is then absent. */
  readonly direction: 'given' | 'answered';
}

/** The schema as a TypeScript type, not yet formatted. @throws Error for a schema that it does not understand */
export function typeText(schema: JsonSchema, options: TypeTextOptions): string {
  const text = plainText(schema, options);
  return options.aliases[text] ?? text;
}

function plainText(schema: JsonSchema, options: TypeTextOptions): string {
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map((each) => typeText(each, options)))].join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `(${typeText(schema.items ?? {}, options)})[]`;
    case 'object':
      return objectText(schema, options);
    case undefined:
      if (Object.keys(schema).every((keyword) => keyword === 'description' || keyword === 'examples')) return 'unknown';
  }
  throw new Error(`no TypeScript type is known for ${JSON.stringify(schema)}`);
}

function objectText({ properties, required = [], additionalProperties }: JsonSchema, options: TypeTextOptions): string {
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? typeText(additionalProperties, options) : 'unknown';
    return `Record<string, ${values}>`;
  }
  const listed = Object.entries(properties).map(([name, schema]) => ({
    name,
    schema,
    required: required.includes(name),
    description: schema.description,
  }));
  return propertiesText(listed, options);
}

export function propertiesText(properties: readonly Property[], options: TypeTextOptions): string {
  const lines = properties.map(({ name, schema, required, description }) => {
    const type = typeText(schema, options);
    const optional = required ? '' : '?';
    const absent = !required && options.direction === 'given' ? ' | undefined' : '';
    return `${docComment(description)}${propertyKey(name)}${optional}: ${type}${absent};`;
  });
  return `{\n${lines.join('\n')}\n}`;
}

export function docComment(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `/** ${text.replaceAll('*/', '*\\/')} */\n`;
}

function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'` : JSON.stringify(value);
}
