import type { Communication } from 'fhir/r4.js';
import type { Delivery } from '../../../exchange/delivery.ts';
import type { Question } from '../answer.ts';
import type { BundleType, WayOfWriting } from '../capabilities.ts';
import { readReference } from '../communication-reference.ts';
import { identifierSearch } from './search-value.ts';

/** Where one Communication is written. */
export type Target =
  /** `known`: the EHR has it under this id. */
  | { readonly kind: 'id'; readonly id: string; readonly known: boolean }
  | { readonly kind: 'identifier'; readonly system: string; readonly value: string }
  /**
   * Created, and known by this identifier then. `conditional`: the EHR creates it only where none has that; else it must
   * not be sent a second time before it was looked for.
   */
  | { readonly kind: 'new'; readonly system: string; readonly value: string; readonly conditional: boolean };

/** One write, ready to be sent alone or in a Bundle. */
export interface Write {
  readonly delivery: Delivery;
  readonly target: Target;
  readonly method: 'PUT' | 'POST';
  /** Below the base of the EHR. */
  readonly url: string;
  /** It is created only where this search finds none. */
  readonly ifNoneExist?: string;
  /** No two of one Bundle may have the same: the URL, or the identifier of what is new. */
  readonly place: string;
  /** The version that is replaced, where the EHR wants it named. */
  readonly ifMatch?: string;
  /** The Communication as JSON text, for a request of its own. */
  readonly resource: string;
  /** The entry of a Bundle as JSON text, and its length in UTF-8. */
  readonly entry: string;
  readonly entryBytes: number;
}

/**
 * Where a delivery goes: to the id the EHR gave it, once known; else to the id we choose, to its identifier, or to a
 * place that is the EHR's to choose. Undefined: it has no identifier to be found by.
 */
export function targetOf({ key, resource, knownReference }: Delivery, way: WayOfWriting): Target | undefined {
  const known = readReference(knownReference ?? '')?.id;
  if (known !== undefined) return { kind: 'id', id: known, known: true };
  if (way === 'put-by-id') return { kind: 'id', id: key, known: false };
  const identifier = identifierOf(resource);
  if (identifier === undefined || way === 'conditional-update') return identifier;
  return { ...identifier, kind: 'new', conditional: way === 'conditional-create' };
}

/** Sent again it would be doubled. */
export const isPlainCreate = ({ target }: Pick<Write, 'target'>): boolean =>
  target.kind === 'new' && !target.conditional;

/** The identifier that it is found by. */
export function identifierOf(resource: Communication): Extract<Target, { kind: 'identifier' }> | undefined {
  for (const { system = '', value = '' } of resource.identifier ?? []) {
    if (system !== '' && value !== '') return { kind: 'identifier', system, value };
  }
  return undefined;
}

/** An update by id carries that id; anything else carries none: which id it gets is the EHR's choice. */
export function writeOf(delivery: Delivery, target: Target, ifMatch?: string): Write {
  const resource = JSON.stringify(withId(delivery.resource, target.kind === 'id' ? target.id : undefined));
  const request = { ...requestOf(target), ...(ifMatch === undefined ? {} : { ifMatch }) };
  // Without fullUrl a validating HAPI refuses entries that hold a relative reference.
  const fullUrl = JSON.stringify(`urn:uuid:${delivery.key}`);
  const entry = `{"fullUrl":${fullUrl},"resource":${resource},"request":${JSON.stringify(request)}}`;
  return {
    ...request,
    delivery,
    target,
    place: target.kind === 'new' ? identifierSearch(target) : request.url,
    resource,
    entry,
    entryBytes: Buffer.byteLength(entry),
  };
}

function withId(resource: Communication, id: string | undefined): Communication {
  if (resource.id === id) return resource;
  const { id: _, ...content } = resource;
  return id === undefined ? content : { ...content, id };
}

function requestOf(target: Target): Pick<Write, 'method' | 'url' | 'ifNoneExist'> {
  switch (target.kind) {
    case 'id':
      return { method: 'PUT', url: `Communication/${target.id}` };
    case 'identifier':
      return { method: 'PUT', url: `Communication?${identifierSearch(target)}` };
    case 'new':
      return {
        method: 'POST',
        url: 'Communication',
        // The part after the `?` alone: with a type before it Spark ignores the condition.
        ...(target.conditional ? { ifNoneExist: identifierSearch(target) } : {}),
      };
  }
}

/** The request that carries these; with type `none` there is one. */
export function questionOf(type: BundleType, writes: readonly Write[]): Question {
  const [first] = writes;
  if (type !== 'none' || first === undefined) {
    return { method: 'POST', path: '', body: bundleJson(type === 'none' ? 'batch' : type, writes) };
  }
  const { method, url, resource, ifMatch, ifNoneExist } = first;
  const headers = {
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(ifNoneExist === undefined ? {} : { 'if-none-exist': ifNoneExist }),
  };
  return { method, path: url, body: resource, headers };
}

export interface BundleLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

const head = (type: 'transaction' | 'batch'): string => `{"resourceType":"Bundle","type":"${type}","entry":[`;
const tail = ']}';
const frameBytes = head('transaction').length + tail.length;

/** The Bundle as JSON text. Made by one `join`: text that is put together later is copied once more to be sent. */
export function bundleJson(type: Exclude<BundleType, 'none'>, writes: readonly Write[]): string {
  const parts = [head(type)];
  for (const { entry } of writes) parts.push(parts.length === 1 ? '' : ',', entry);
  return [...parts, tail].join('');
}

/** How long that text is in UTF-8, at most. */
export function bundleBytes(writes: readonly Write[]): number {
  return writes.reduce((bytes, { entryBytes }) => bytes + entryBytes + 1, frameBytes - 1);
}

/**
 * Cuts writes into Bundles, in their order: none larger than the limits but for one entry that is so by itself, and
 * none for the same place twice, which servers refuse or double.
 */
export function cutIntoBundles(writes: readonly Write[], limits: BundleLimits): readonly (readonly Write[])[] {
  const bundles: Write[][] = [];
  let current: Write[] = [];
  let bytes = frameBytes - 1;
  let places = new Set<string>();
  for (const write of writes) {
    const full =
      current.length >= limits.maxEntries || bytes + write.entryBytes + 1 > limits.maxBytes || places.has(write.place);
    if (full && current.length > 0) {
      bundles.push(current);
      [current, bytes, places] = [[], frameBytes - 1, new Set()];
    }
    current.push(write);
    bytes += write.entryBytes + 1;
    places.add(write.place);
  }
  return current.length === 0 ? bundles : [...bundles, current];
}
