import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';

/** The parts of an OpenAPI 3.1 document that are read here. */
interface Reference {
  readonly $ref: string;
}

interface Header {
  readonly required?: boolean;
  readonly schema: object;
}

interface DeclaredReply {
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
}

export interface Operation {
  readonly operationId: string;
  readonly 'x-role'?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Reference }>> };
  readonly responses: Readonly<Record<string, DeclaredReply | Reference>>;
}

interface Schema {
  readonly enum?: readonly (string | null)[];
  readonly properties?: Readonly<Record<string, object>>;
}

export interface OpenApi {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export const openApi: OpenApi = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8'));

/** Clients must bear new members, but here a member that is not declared is a mistake. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  const isOpenObject = 'type' in members && 'properties' in members && !('additionalProperties' in members);
  return isOpenObject ? { ...members, additionalProperties: false } : members;
}

const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
formats.default(ajv);
ajv.addSchema({ $id: 'openapi', ...Object(closed(openApi)) });

const pointer = (...steps: readonly string[]): string =>
  `openapi#/${steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/** Follows a reference within the document. */
export function resolved<Found>(value: Found | Reference): Found {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
  const steps = value.$ref.slice(2).split('/');
  const parent = steps.slice(0, -1).reduce<unknown>((found, step) => Object(found)[step], openApi);
  return resolved<Found>(Object(parent)[steps.at(-1) ?? '']);
}

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);

/** The template in the document that a path belongs to; one without braces goes first. */
export const templateOf = (path: string): string | undefined =>
  Object.keys(openApi.paths)
    .toSorted((one, other) => Number(one.includes('{')) - Number(other.includes('{')))
    .find((template) => matches(template, path));

export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** What is wrong with a reply by the document; empty when it is as declared. */
export function undeclared(method: string, path: string, reply: Seen): readonly string[] {
  const template = templateOf(path);
  const operation = template === undefined ? undefined : openApi.paths[template]?.[method.toLowerCase()];
  // Where there is no operation, there is the common form of errors and nothing else.
  if (template === undefined || operation === undefined) {
    return [...(reply.status < 400 ? [`${method} ${path} is not declared`] : []), ...wrongProblem(reply)];
  }
  const at = ['paths', template, method.toLowerCase(), 'responses', String(reply.status)];
  const declared = operation.responses[String(reply.status)];
  if (declared === undefined) return [`${operation.operationId} declares no ${reply.status}`];
  return [...wrongHeaders(resolved(declared), reply), ...wrongBody(declared, at, reply)];
}

function wrongHeaders({ headers = {} }: DeclaredReply, reply: Seen): readonly string[] {
  return Object.entries(headers).flatMap(([name, declared]) => {
    const { required = false, schema } = resolved<Header>(declared);
    const value = reply.headers[name.toLowerCase()];
    if (value === undefined) return required ? [`the header ${name} is missing`] : [];
    const check = ajv.compile(schema);
    return check(value) || check(Number(value)) ? [] : [`the header ${name} is not as declared`];
  });
}

function wrongBody(declared: DeclaredReply | Reference, at: readonly string[], reply: Seen): readonly string[] {
  const mediaType = String(reply.headers['content-type']).split(';')[0] ?? '';
  if (resolved<DeclaredReply>(declared).content?.[mediaType] === undefined) return [`${mediaType} is not declared`];
  const steps = '$ref' in declared ? declared.$ref.slice(2).split('/') : at;
  return wrongBy(pointer(...steps, 'content', mediaType, 'schema'), reply);
}

function wrongProblem(reply: Seen): readonly string[] {
  const isProblem = String(reply.headers['content-type']).startsWith('application/problem+json');
  return isProblem
    ? wrongBy(pointer('components', 'schemas', 'Problem'), reply)
    : ['it is no application/problem+json'];
}

function wrongBy($ref: string, reply: Seen): readonly string[] {
  const check = ajv.compile({ $ref });
  if (check(JSON.parse(reply.text))) return [];
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
