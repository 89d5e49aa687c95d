import { afterAll } from 'vitest';
import type { Problem } from '../../../src/exchange/problem.ts';
import { makeDialogHealthSource } from '../../../src/sources/dialog-health/dialog-health-source.ts';
import { sourceContract, type VendorDoes } from '../source-contract.ts';
import { sourceOptions } from './asked-source.ts';
import { numberedRows } from './invented-rows.ts';
import { cutShort, rows, startScriptedVendor, status, type Reply, type ScriptedVendor } from './scripted-vendor.ts';

const vendors: ScriptedVendor[] = [];
afterAll(async () => {
  await Promise.all(vendors.map((vendor) => vendor.close()));
});

function replyOf(does: VendorDoes): Reply {
  switch (does.what) {
    case 'answers':
      return rows(...numberedRows(does.messages));
    case 'breaks off':
      return cutShort(`${JSON.stringify({ response: numberedRows(does.messages) }).slice(0, -2)},`);
    case 'is silent':
      return () => {};
    case 'refuses the login':
      return status(401);
    case 'fails':
      return status(500);
    default:
      return does satisfies never;
  }
}

sourceContract('Dialog Health', async () => {
  const vendor = await startScriptedVendor();
  vendors.push(vendor);
  let exhausted: Problem | undefined;
  return {
    source: makeDialogHealthSource({ ...sourceOptions(vendor.url), spend: () => Promise.resolve(exhausted) }),
    next: (...does) => void vendor.script.push(...does.map(replyOf)),
    requests: () => vendor.heard.length,
    exhaust: (problem) => void (exhausted = problem),
  };
});
