#!/usr/bin/env node
// Plain old JavaScript on purpose: an old Node must get as far as saying that it is too old.
import { existsSync } from 'fs';

const needed = 24;

if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write('Node ' + needed + ' is needed, this is ' + process.version + '\n');
  process.exitCode = 2;
} else {
  // The package brings JavaScript only, since Node strips no types under node_modules; a checkout may hold an old dist.
  const source = new URL('../src/main.ts', import.meta.url);
  void import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
}
