import type { Bundle, Communication, Patient } from 'fhir/r4.js';

/** What HAPI holds, asked by plain requests of our own: the tests trust no part of the service to look. */
export interface Chart {
  /** Every Communication with an identifier of the system, current, by identifier. */
  messages(system: string): Promise<readonly Communication[]>;
  addPatient(id: string): Promise<void>;
  /** By its id. */
  put(resource: Communication | Patient): Promise<void>;
}

/** HAPI answers the same search from its cache for a minute, unless told not to. */
const headers = { accept: 'application/fhir+json', 'cache-control': 'no-cache' };

export function chartAt(base: string): Chart {
  return {
    async messages(system) {
      const found: Communication[] = [];
      let next: string | undefined = `${base}/Communication?identifier=${encodeURIComponent(`${system}|`)}&_count=500`;
      while (next !== undefined) {
        const response = await fetch(next, { headers });
        if (!response.ok) throw new Error(`search: ${response.status}`);
        const page: Bundle<Communication> = JSON.parse(await response.text());
        found.push(...(page.entry ?? []).flatMap(({ resource }) => resource ?? []));
        next = page.link?.find(({ relation }) => relation === 'next')?.url;
      }
      return found.toSorted((a, b) => identifierOf(a).localeCompare(identifierOf(b)));
    },
    addPatient: (id) => put({ resourceType: 'Patient', id }),
    put,
  };

  async function put(resource: Communication | Patient): Promise<void> {
    const { resourceType, id = '' } = resource;
    const response = await fetch(`${base}/${resourceType}/${id}`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/fhir+json' },
      body: JSON.stringify(resource),
    });
    if (!response.ok) throw new Error(`${resourceType}: ${response.status}`);
  }
}

export const identifierOf = ({ identifier }: Communication): string => identifier?.[0]?.value ?? '';

export const versionOf = ({ meta }: Communication): string => meta?.versionId ?? '';
