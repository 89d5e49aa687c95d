import type { Bundle, Communication } from 'fhir/r4.js';

/** What stands behind an integration engine: an EHR that carries Bundles out, each entry by its id. */
export interface BundleStore {
  /** Throws for what is no `batch` of `PUT Communication/<id>`. Gives the ids. */
  take(text: string): readonly string[];
  /** In the order in which they came; a version more for each time that one changed. */
  held(): readonly { readonly resource: Communication; readonly version: string }[];
}

export function bundleStore(): BundleStore {
  const held = new Map<string, { readonly resource: Communication; readonly version: number }>();

  function put(url: string, resource: Communication): string {
    const id = resource.id ?? '';
    if (url !== `Communication/${id}`) throw new Error('the id of an entry is not that of its resource');
    const before = held.get(id);
    const same = before !== undefined && JSON.stringify(before.resource) === JSON.stringify(resource);
    held.set(id, { resource, version: (before?.version ?? 0) + (same ? 0 : 1) });
    return id;
  }

  return {
    take(text) {
      const { resourceType, type, entry = [] }: Bundle<Communication> = JSON.parse(text);
      if (resourceType !== 'Bundle' || type !== 'batch') throw new Error(`a ${resourceType} of type ${type}`);
      return entry.map(({ fullUrl, request, resource }) => {
        if (request?.method !== 'PUT' || resource === undefined) throw new Error('an entry that is no update');
        if (!/^urn:uuid:[0-9a-f-]{36}$/.test(fullUrl ?? '')) throw new Error('an entry without its fullUrl');
        return put(request.url, resource);
      });
    },
    held: () => [...held.values()].map(({ resource, version }) => ({ resource, version: `${version}` })),
  };
}
