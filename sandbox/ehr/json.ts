/** A JSON object as it came. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectsOf = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter((each: unknown) => isObject(each)) : [];

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
