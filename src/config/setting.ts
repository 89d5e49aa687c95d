import * as z from 'zod';

/** What a person is told about one setting, in the table and in problems. */
export interface SettingFacts {
  /** One sentence, for the table. */
  readonly meaning: string;
  readonly example: string;
  /** As it would be written in the file; without it the setting must be given. */
  readonly default?: string;
  /** What the table says in place of a default that is made while loading. */
  readonly shownDefault?: string;
  /** Its value is never printed. */
  readonly secret?: boolean;
}

/** A value's text, from the file or the environment, understood or not. */
export type Read<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** Goes on after the value that was given: `is not …: write …` */
  | { readonly kind: 'problem'; readonly problem: string; readonly conceal?: boolean };

export type Reader<T> = (text: string) => Read<T>;

const facts = z.registry<SettingFacts>();

/** A setting that has its default where it is left out, or must be given where it has none. */
export function setting<T>(read: Reader<T>, told: SettingFacts): z.ZodType<T> {
  const value = textValue(read, told);
  return (told.default === undefined ? value : value.prefault(told.default)).register(facts, told);
}

/** The same setting where it may be left out: as one of a source that goes before the one for all sources. */
export function optional<T>(read: Reader<T>, told: SettingFacts) {
  const { default: _, ...rest } = told;
  return z.exactOptional(textValue(read, told)).register(facts, { ...rest, shownDefault: told.shownDefault ?? '' });
}

/** Settings that belong together; left out, each of them has its default or says that it must be given. */
export function group<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const object = z.strictObject(shape);
  // Its members fill it; that cannot be said in the type of any shape.
  const leftOut = Object();
  return object.prefault(leftOut);
}

/** The same of which only these matter: whatever else stands there is for others to read. */
export function partOfGroup<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const leftOut = Object();
  return z.object(shape).prefault(leftOut);
}

function textValue<T>(read: Reader<T>, { example, secret = false }: SettingFacts) {
  return z.unknown().transform((given, context): T => {
    if (given === undefined) {
      context.addIssue({ code: 'custom', message: `must be set. Example: ${example}` });
      return z.NEVER;
    }
    const result: Read<T> =
      typeof given === 'string'
        ? read(given)
        : { kind: 'problem', problem: 'must be one value, not a list or a group.' };
    if (result.kind === 'value') return result.value;
    const shown = secret || result.conceal === true || typeof given !== 'string' ? 'The value' : quoted(given);
    const right = example === '' ? '' : ` Example: ${example}`;
    context.addIssue({ code: 'custom', message: `${shown} ${result.problem}${right}` });
    return z.NEVER;
  });
}

/** An `@` may part a password from a host: such a value is not repeated, and neither is a long one. */
const quoted = (text: string): string => (text.includes('@') || text.length > 80 ? 'The value' : JSON.stringify(text));

export interface DeclaredSetting extends SettingFacts {
  /** `sources[].tls.ca`: as in the file, lists as `[]`. */
  readonly path: string;
}

/** Every setting below a schema, in the order in which it is declared. */
export function declaredSettings(schema: z.core.$ZodType, path = ''): readonly DeclaredSetting[] {
  const told = facts.get(schema);
  if (told !== undefined) return [{ path, ...told }];
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    return Object.entries(shape).flatMap(([key, inner]) =>
      declaredSettings(inner, path === '' ? key : `${path}.${key}`),
    );
  }
  if (schema instanceof z.ZodArray) return declaredSettings(schema.element, `${path}[]`);
  // A list with at least one entry, each like the first.
  if (schema instanceof z.ZodTuple) {
    const [first] = schema.def.items;
    return first === undefined ? [] : declaredSettings(first, `${path}[]`);
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional) {
    return declaredSettings(schema.unwrap(), path);
  }
  return schema instanceof z.ZodPipe ? declaredSettings(schema.in, path) : [];
}
