import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Import {
  readonly file: string;
  readonly target: string;
}

/** `import … from '…'`, `export … from '…'`, `import '…'` at the start of a line; `import('…')` anywhere. */
const importPattern = /^(?:import|export)\b(?:[^;'"]*?\bfrom)? '([^']+)'|\bimport\('([^']+)'\)/gm;

/** Every import of every file in src: ours as a path from the top, others by their package. */
const imports: readonly Import[] = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)].map(([, named, called]) => {
    const name = named ?? called ?? '';
    return { file, target: name.startsWith('.') ? normalize(join(dirname(file), name)) : packageOf(name) };
  }),
);

function packageOf(name: string): string {
  if (name.startsWith('node:')) return 'node';
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

const ours = imports.filter(({ target }) => target.startsWith('src/'));
const contracts = [
  'src/sources/source.ts',
  'src/mapping/mapping.ts',
  'src/destinations/destination.ts',
  'src/ledger/ledger.ts',
  'src/audit/audit-log.ts',
  'src/audit/audit-event.ts',
];

/** Which files a room may import from, besides itself. */
const mayImport: Readonly<Record<string, (target: string) => boolean>> = {
  'src/exchange/': () => false,
  'src/network/': (target) => target.startsWith('src/exchange/'),
  'src/sources/': (target) => target.startsWith('src/exchange/') || target.startsWith('src/network/'),
  'src/destinations/': (target) => target.startsWith('src/exchange/') || target.startsWith('src/network/'),
  'src/ledger/': (target) => target.startsWith('src/exchange/'),
  'src/mapping/': (target) => target.startsWith('src/exchange/'),
  'src/validation/': (target) => target === 'src/mapping/code-points.ts',
  'src/audit/': (target) => target.startsWith('src/exchange/'),
  'src/artefacts/': (target) => target === 'src/mapping/listed-codes.ts',
  'src/config/': (target) => target.startsWith('src/exchange/') || target === 'src/http/password-hash.ts',
  'src/sync/': (target) => target.startsWith('src/exchange/') || contracts.includes(target),
  'src/http/': (target) => target.startsWith('src/exchange/') || contracts.includes(target),
};

/** One wall per library: the only places that may import it. */
const walls: Readonly<Record<string, readonly string[]>> = {
  'fhir-kit-client': ['src/destinations/fhir-server/fhir-server.ts'],
  express: ['src/http/'],
  passport: ['src/http/'],
  'passport-http': ['src/http/'],
  winston: ['src/audit/audit-log.ts'],
  kysely: ['src/ledger/'],
  pg: ['src/ledger/'],
  yaml: ['src/config/config-file.ts', 'src/mapping/mapping-file.ts'],
  'node-cron': ['src/sync/wake-ups/in-process.ts'],
  undici: ['src/network/', 'src/sources/dialog-health/writeback-api.ts'],
  zod: ['src/config/'],
  jose: ['src/destinations/fhir-server/auth/backend-services.ts'],
  'libphonenumber-js': ['src/mapping/'],
  '@medplum/core': ['src/validation/medplum.ts'],
};

const show = ({ file, target }: Import): string => `${file} imports ${target}`;

describe('the house', () => {
  it('has imports to look at', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it.each(Object.entries(mayImport))('%s imports only what it may', (room, allowed) => {
    const wrong = ours.filter(
      ({ file, target }) => file.startsWith(room) && !target.startsWith(room) && !allowed(target),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('keeps sources from each other and destinations from each other', () => {
    const kind = (file: string): string | undefined => /^src\/(?:sources|destinations)\/([^/]+)\//.exec(file)?.[1];
    const wrong = ours.filter(
      ({ file, target }) => kind(file) !== undefined && kind(target) !== undefined && kind(file) !== kind(target),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('shows the configuration to the commands and the composition root only', () => {
    const composition =
      /^src\/(?:config\/|commands\/|service\.ts$|operations\.ts$|parts\.ts$|login\.ts$|translator\.ts$|previewer\.ts$|reconciler\.ts$|dialect\.ts$|self-check\.ts$|ledger-beside\.ts$|scheduled-sources\.ts$|own-ledger\.ts$|site-artefacts\.ts$)/;
    const wrong = ours.filter(({ file, target }) => target.startsWith('src/config/') && !composition.test(file));
    expect(wrong.map(show)).toEqual([]);
  });

  it.each(Object.entries(walls))('imports %s behind its wall only', (library, places) => {
    const users = imports.filter(({ target }) => target === library);
    expect(users.length, `${library} is used nowhere`).toBeGreaterThan(0);
    expect(users.filter(({ file }) => !places.some((place) => file.startsWith(place))).map(show)).toEqual([]);
  });

  it('uses no library without a wall', () => {
    const known = new Set([...Object.keys(walls), 'node', 'fhir', '@types/fhir']);
    const others = imports.filter(({ target }) => !target.startsWith('src/') && !known.has(target));
    expect(others.map(show)).toEqual([]);
  });

  it('imports files with their endings, so that Node runs them as they are', () => {
    expect(ours.filter(({ target }) => !/\.(?:ts|json)$/.test(target)).map(show)).toEqual([]);
  });
});
