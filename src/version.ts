import { readFileSync } from 'node:fs';

const file = new URL('../package.json', import.meta.url);

/** Of the package, as in package.json. */
export const version = String(Object(JSON.parse(readFileSync(file, 'utf8'))).version);
