import { plain } from './plain.ts';
import type { Profile } from './profile.ts';

/**
 * HAPI FHIR (JPA, R4) 8.8 with its defaults, as measured against the real one (`test/hapi`). Its statement says nothing
 * of updateCreate and of batch, and both work. It stores what its parser lets through: an unknown element, a missing
 * status, a number for a text. What the parser stumbles over (a code, a date) refuses a whole batch. A stale If-Match is
 * 409, and on an id that nothing has had it is overlooked; the same search within a minute is answered from before; equal
 * conditional creates of one transaction are one, with one answer.
 */
export const hapi: Profile = {
  offers: {
    ...plain.offers,
    interactions: {
      Communication: ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'create', 'search-type'],
      Patient: ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'create', 'search-type'],
    },
  },
  says: {
    software: 'HAPI FHIR Server',
    versioning: 'versioned-update',
    keepsQuiet: ['updateCreate', 'batch'],
  },
  habits: {
    ...plain.habits,
    minds: 'what-cannot-be-parsed',
    parsesBundlesWhole: true,
    takesDigitsAsId: false,
    equalCreates: 'merged',
    ifMatchOnNew: 'overlooked',
    searchCacheMs: 60_000,
    locatesUpdates: false,
  },
  limits: {},
  words: {
    ...plain.words,
    'not-found': { status: 404, code: 'processing', text: 'HAPI-2001: Resource {type}/{id} is not known' },
    deleted: { status: 410, code: 'processing', text: 'Resource was deleted at {lastUpdated}' },
    'id-not-possible': {
      status: 400,
      code: 'processing',
      text: 'HAPI-0521: Can not process entity with ID[{id}], this is not a valid FHIR ID',
    },
    'id-all-digits': {
      status: 400,
      code: 'processing',
      text: 'HAPI-0960: Can not create entity with ID[{id}], this server does not allow clients to assign numeric IDs',
    },
    'several-fit-create': {
      status: 412,
      code: 'processing',
      text: 'HAPI-0958: Failed to CREATE {type} with match URL "{criteria}" because this search matched {count} resources',
    },
    'several-fit-update': {
      status: 412,
      code: 'processing',
      text: 'HAPI-0958: Failed to UPDATE {type} with match URL "{criteria}" because this search matched {count} resources',
    },
    'stale-version': {
      status: 409,
      code: 'processing',
      text: 'HAPI-0989: Trying to update {type}/{id} but {ifMatch} is not the current version',
    },
    'reference-missing': {
      status: 400,
      code: 'processing',
      text: 'HAPI-1094: Resource {reference} not found, specified in path: {path}',
    },
    'reference-elsewhere': {
      status: 400,
      code: 'processing',
      text: 'HAPI-0507: Resource contains external reference to URL "{reference}" but this server is not configured to allow external references',
    },
    'reference-fits-none': {
      status: 404,
      code: 'processing',
      text: 'HAPI-1091: Invalid match URL "{reference}" - No resources match this search',
    },
    'reference-fits-several': {
      status: 412,
      code: 'processing',
      text: 'HAPI-2207: Invalid match URL "{reference}" - Multiple resources match this search',
    },
    'not-parsed': {
      status: 400,
      code: 'processing',
      text: 'HAPI-0450: Failed to parse request body as JSON resource. Error was: HAPI-1821: Invalid attribute value for {path}',
    },
    'duplicate-in-transaction': {
      status: 400,
      code: 'processing',
      text: 'HAPI-0535: Transaction bundle contains multiple resources with ID: {type}/{id}',
    },
    raced: {
      status: 409,
      code: 'processing',
      text: 'HAPI-0825: The operation has failed with a client-assigned ID constraint failure. This generally means that multiple clients are attempting to create the same resource at the same time',
    },
  },
};
