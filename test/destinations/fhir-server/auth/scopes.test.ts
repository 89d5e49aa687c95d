import { describe, expect, it } from 'vitest';
import {
  lacking,
  missingScopeOf,
  neededScopes,
  patientNeeds,
  scopeAskedFor,
} from '../../../../src/destinations/fhir-server/auth/scopes.ts';
import { keyFile, makeKey } from '../../../support/signing-keys.ts';
import { answerWith, conditionalOnly, outcome } from '../../scripted-ehr.ts';
import { serve, servedAt } from '../../served.ts';
import { byKeys, registered, tokenServer } from './token-place.ts';

const never = new AbortController().signal;
const needs = { updates: true, searches: true, patients: 'searched' } as const;

describe('the least scopes', () => {
  it('are those of the way of writing, in both spellings', () => {
    expect(neededScopes(needs, undefined)).toEqual({
      v1: 'system/Communication.write system/Communication.read system/Patient.read',
      v2: 'system/Communication.crus system/Patient.rs',
    });
    expect(neededScopes({ ...needs, patients: 'nothing' }, undefined).v2).toBe('system/Communication.crus');
    expect(neededScopes({ ...needs, patients: 'read' }, undefined).v2).toBe(
      'system/Communication.crus system/Patient.r',
    );
    // Epic: neither update nor search by identifier.
    expect(neededScopes({ updates: false, searches: false, patients: 'nothing' }, undefined).v2).toBe(
      'system/Communication.cr',
    );
  });

  it('have Patients in them where those are looked at', () => {
    const policy = { reference: 'literal', verify: 'none' } as const;
    expect(patientNeeds([])).toBe('nothing');
    expect(patientNeeds([policy, { ...policy, reference: 'identifier' }])).toBe('nothing');
    expect(patientNeeds([policy, { ...policy, verify: 'phone' }])).toBe('read');
    expect(patientNeeds([policy, { ...policy, reference: 'lookup' }])).toBe('searched');
    expect(patientNeeds([policy, { ...policy, reference: 'conditional' }])).toBe('searched');
  });

  it.each([
    ['system/Communication.crus system/Patient.rs', undefined],
    ['system/Communication.cruds system/Patient.read', undefined],
    ['system/Communication.write system/Communication.read system/Patient.read', undefined],
    ['system/*.*', undefined],
    ['system/*.cruds openid', undefined],
    ['system/Communication.crus', 'system/Patient.rs'],
    ['system/Communication.read system/*.rs', 'system/Communication.cu'],
    ['system/Communication.write', 'system/Communication.rs system/Patient.rs'],
    ['system/Communication.crus?category=sms system/Patient.s', 'system/Patient.r'],
    // A server that tells nothing of this kind is not judged by it.
    ['https://ehr.example.org/.default', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('granted as %s, lack %s', (granted, expected) => {
    expect(lacking('system/Communication.crus system/Patient.rs', granted)).toBe(expected);
  });

  it.each([
    [{ method: 'PUT', path: 'Communication/x' }, 'system/Communication.cu'],
    [{ method: 'POST', path: '' }, 'system/Communication.cu'],
    [{ method: 'GET', path: 'Communication/x' }, 'system/Communication.r'],
    [{ method: 'GET', path: 'Communication?identifier=a' }, 'system/Communication.s'],
    [{ method: 'GET', path: 'Patient?identifier=a' }, 'system/Patient.s'],
    [{ method: 'POST', path: 'Patient/_search' }, 'system/Patient.s'],
  ] as const)('that %o needs are named', (question, expected) => {
    expect(missingScopeOf(question, undefined)).toBe(expected);
  });

  it('of a refusal are taken where they are scopes, and no other text', () => {
    expect(scopeAskedFor('Bearer error="insufficient_scope", scope="system/Communication.write"')).toBe(
      'system/Communication.write',
    );
    expect(
      scopeAskedFor('Bearer scope="Anna Example system/Patient.Anna patient/Anna%20Example.read"'),
    ).toBeUndefined();
    // What narrows one may name a person.
    expect(scopeAskedFor('Bearer scope="system/Communication.c?subject=Patient/anna-example patient/*.read"')).toBe(
      'system/Communication.c patient/*.read',
    );
    expect(scopeAskedFor('Bearer realm="x"')).toBeUndefined();
    expect(scopeAskedFor(null)).toBeUndefined();
  });
});

describe('check', () => {
  const key = makeKey('ES384');

  async function checked(granted: string) {
    const { file } = keyFile(key.pem);
    const known = registered([file]);
    const server = await tokenServer({ jwks: () => known, scopes: granted, now: () => servedAt });
    const { destination } = await serve({ statement: conditionalOnly }, { auth: byKeys(server.url, [file]) });
    return destination.check(never);
  }

  it('names the least scopes, and what was not granted of them', async () => {
    expect(await checked('system/Communication.crus system/Patient.rs')).toMatchObject({
      kind: 'ready',
      scopes: { v2: 'system/Communication.crus' },
    });
    const check = await checked('system/Patient.rs');
    expect(check).toMatchObject({ kind: 'ready', scopes: { lacking: 'system/Communication.crus' } });
  });

  it('names them where the token endpoint refuses what was asked for', async () => {
    expect(await checked('none')).toMatchObject({
      kind: 'failed',
      problem: { code: 'token-scope-refused', issue: 'invalid_scope' },
      scopes: { v1: 'system/Communication.write system/Communication.read', v2: 'system/Communication.crus' },
    });
  });

  it('says nothing of scopes where the login knows none', async () => {
    const { destination, ehr } = await serve({}, { auth: { kind: 'basic', username: 'a', password: () => 'b' } });
    expect(await destination.check(never)).not.toHaveProperty('scopes');
    ehr.metadata.push(answerWith(403, outcome('forbidden')));
    const refused = await destination.check(never);
    expect(refused).toMatchObject({ problem: { code: 'ehr-forbidden' } });
    expect(JSON.stringify(refused)).not.toContain('system/');
  });
});
