import type { Migration } from './migration.ts';

/** A settlement names the claim it belongs to; what may have arrived is known by its digest. */
export const versions: Migration = {
  number: 3,
  name: 'versions',
  statements: (engine) => [
    `alter table message add column claims ${engine === 'sqlite' ? 'integer' : 'bigint'} not null default 0`,
    'alter table message add column sent_digests text',
  ],
};
