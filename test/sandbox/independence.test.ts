import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('the sandbox shares no code with the service that it is there to judge', () => {
  const files = globSync('sandbox/**/*.ts', { cwd: root });
  const imported = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, name = '']) =>
      normalize(join(dirname(file), name)),
    ),
  );
  expect(imported.length).toBeGreaterThan(50);
  expect(imported.filter((target) => !target.startsWith('sandbox/'))).toEqual([]);
});
