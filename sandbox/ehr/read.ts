import type { Ehr } from './interaction.ts';
import type { Done, Reply } from './reply.ts';
import type { ResourceType, Version } from './store.ts';
import { refusal } from './words.ts';

export function performRead(ehr: Ehr, type: ResourceType, id: string): Reply {
  return shown(ehr, type, id, ehr.store.current(type, id));
}

export function performVersionRead(ehr: Ehr, type: ResourceType, id: string, version: string): Reply {
  return shown(
    ehr,
    type,
    id,
    ehr.store.versions(type, id).find((each) => String(each.version) === version),
  );
}

/** All versions of one resource, the newest first. */
export function performHistory(ehr: Ehr, type: ResourceType, id: string): Reply {
  const versions = ehr.store.versions(type, id);
  if (versions.length === 0) return refusal(ehr, 'not-found', { type, id });
  const entries = versions.toReversed().map(({ version, text, lastUpdated }) => {
    const method = text === undefined ? 'DELETE' : version === 1 ? 'POST' : 'PUT';
    const status = text === undefined ? '204' : version === 1 ? '201' : '200';
    const url = method === 'POST' ? type : `${type}/${id}`;
    const response = JSON.stringify({ status, lastModified: lastUpdated, etag: etagOf(version) });
    const resource = text === undefined ? '' : `"resource":${text},`;
    return `{"fullUrl":"${ehr.base}/${type}/${id}",${resource}"request":{"method":"${method}","url":"${url}"},"response":${response}}`;
  });
  const head = `{"resourceType":"Bundle","type":"history","total":${versions.length}`;
  return { kind: 'done', status: 200, body: `${head},"entry":[${entries.join(',')}]}` };
}

function shown(ehr: Ehr, type: ResourceType, id: string, version: Version | undefined): Reply {
  if (version === undefined) return refusal(ehr, 'not-found', { type, id });
  const { text, lastUpdated } = version;
  if (text === undefined) return refusal(ehr, 'deleted', { type, id, lastUpdated });
  return versionReply(200, type, version);
}

/** Where a version is, since when, and what it says. */
export function versionReply(status: 200 | 201, type: ResourceType, version: Version): Done {
  const { id, text, lastUpdated } = version;
  return {
    kind: 'done',
    status,
    ...(text === undefined ? {} : { body: text }),
    location: `${type}/${id}/_history/${version.version}`,
    version: version.version,
    lastUpdated,
  };
}

export const etagOf = (version: number): string => `W/"${version}"`;
