/** What an EHR answers is looked at through these: a wrong shape reads as nothing there, and nothing throws. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const objectsOf = (value: unknown): readonly JsonObject[] => listOf(value).filter(isObject);

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const textsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((each): each is string => typeof each === 'string');

/** Absent in a CapabilityStatement means no. */
export const isTrue = (value: unknown): boolean => value === true;

/** A FHIR resource of that type, or of any. */
export const isResource = (value: unknown, type?: string): value is JsonObject =>
  isObject(value) &&
  typeof value['resourceType'] === 'string' &&
  (type === undefined || value['resourceType'] === type);
