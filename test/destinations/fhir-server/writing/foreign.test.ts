import type { Communication } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { judgeHeld, type Known } from '../../../../src/destinations/fhir-server/writing/foreign.ts';
import { contentDigest } from '../../../../src/exchange/content-digest.ts';
import { delivery } from '../../example-deliveries.ts';

const ours = delivery(1, { status: 'completed' }).resource;
/** What we wrote before. */
const before = delivery(1, { status: 'in-progress' }).resource;

/** As a server gives it back: in another order, with what it adds by itself. */
function given(resource: Communication, change: object = {}) {
  const { payload, ...others } = resource;
  return {
    payload,
    meta: { versionId: 'any', lastUpdated: '2026-03-05T15:00:00Z', source: '#abc' },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">-</div>' },
    ...others,
    ...change,
  };
}

const known: Known = { version: '1', unsure: false };
const there = (resource: object, version = '2') => ({ version, resource: { ...resource } });
const foreign = (code: string, element?: string) => ({
  kind: 'foreign',
  problem: { code, ...(element === undefined ? {} : { where: `Communication.${element}` }) },
});

describe('what the EHR holds', () => {
  it('is equal when only what a server adds is more, whoever wrote it', () => {
    expect(judgeHeld(ours, there(given(ours), '9'), known)).toEqual({ kind: 'equal' });
  });

  it('is ours in the version that we wrote, whatever the server made of it', () => {
    expect(judgeHeld(ours, there(given(before, { language: 'en' }), '1'), known)).toEqual({ kind: 'ours' });
  });

  it('is ours where it is what may have arrived from us, in another order of names', () => {
    const sentDigests = ['another', contentDigest(before)];
    expect(judgeHeld(ours, there(given(before)), { ...known, sentDigests })).toEqual({ kind: 'ours' });
  });

  it('is ours where the server went back to an older version, as after a restore', () => {
    expect(judgeHeld(ours, there(given(before), '9'), { ...known, version: '10' })).toEqual({ kind: 'ours' });
    expect(judgeHeld(ours, there(given(before), 'a'), { ...known, version: 'b' })).toMatchObject({
      kind: 'ask-earlier',
    });
  });

  it('in another version is decided by what ours was like', () => {
    expect(judgeHeld(ours, there(given(before)), known)).toEqual({ kind: 'ask-earlier', version: '1' });
  });

  it('is ours when it was touched without a change', () => {
    const tagged = given(before, { meta: { versionId: '2', tag: [{ code: 'seen' }] } });
    expect(judgeHeld(ours, there(tagged), known, given(before))).toEqual({ kind: 'ours' });
  });

  it.each([
    ['a note', { note: [{ text: 'Called the patient back.' }] }, 'note'],
    ['another status', { status: 'stopped' }, 'status'],
    ['an element that is gone', { payload: undefined }, 'payload'],
  ])('is foreign with %s', (_, change, element) => {
    const held = JSON.parse(JSON.stringify(given(before, change)));
    expect(judgeHeld(ours, there(held), known, given(before))).toEqual(foreign('changed-at-ehr', element));
  });

  it('is foreign, without a word of the name, with an element that FHIR does not have', () => {
    const held = given(before, { 'Otilie Example': true });
    expect(judgeHeld(ours, there(held), known, given(before))).toEqual(foreign('changed-at-ehr'));
  });

  it('is foreign where the EHR does not tell what ours was like', () => {
    expect(judgeHeld(ours, there(given(before, { status: 'stopped' })), known, 'gone')).toEqual(
      foreign('changed-at-ehr'),
    );
  });

  it.each<[string, Known]>([
    ['in another version', known],
    ['when nobody has told us a version', { unsure: true }],
    ['when it is only met', { unsure: false }],
    ['in an older version', { ...known, version: '3' }],
  ])('is left alone when it is marked as entered in error, %s', (_, knownNow) => {
    const held = given(before, { status: 'entered-in-error' });
    expect(judgeHeld(ours, there(held), knownNow)).toEqual(foreign('entered-in-error-at-ehr', 'status'));
  });

  it('is ours when nobody has told us a version: nothing else bears our key', () => {
    expect(judgeHeld(ours, there(given(before)), { unsure: true })).toEqual({ kind: 'ours' });
    expect(judgeHeld(ours, { resource: given(before) }, known)).toEqual({ kind: 'ours' });
  });
});

describe('a Communication that the EHR moved to another Patient', () => {
  const moved = { subject: { reference: 'Patient/merged' } };

  it('is not moved back', () => {
    expect(judgeHeld(ours, there(given(before, moved)), known, given(before))).toEqual(
      foreign('subject-moved', 'subject'),
    );
    expect(judgeHeld(ours, there(given(before, moved)), known, 'gone')).toEqual(foreign('subject-moved', 'subject'));
    expect(judgeHeld(ours, there(given(before, moved)), { unsure: true })).toEqual(foreign('subject-moved', 'subject'));
  });

  it('is not taken for what may have arrived from us', () => {
    const sentDigests = [contentDigest(before)];
    const held = there(given(before, moved));
    expect(judgeHeld(ours, held, { ...known, sentDigests }, given(before))).toEqual(
      foreign('subject-moved', 'subject'),
    );
  });

  it('is ours once we mean that Patient too', () => {
    const resolved = { ...ours, ...moved };
    expect(judgeHeld(resolved, there(given(before, moved)), known, given(before))).toEqual({ kind: 'ours' });
  });

  it('is foreign when more than that was changed', () => {
    const held = given(before, { ...moved, note: [{ text: 'Moved.' }] });
    expect(judgeHeld({ ...ours, ...moved }, there(held), known, given(before))).toMatchObject({
      kind: 'foreign',
      problem: { code: 'changed-at-ehr' },
    });
  });

  it.each([
    ['an absolute reference', { reference: 'https://ehr.example.org/fhir/Patient/person-1' }],
    ['a reference to a version', { reference: 'Patient/person-1/_history/3' }],
    ['a name beside the reference', { reference: 'Patient/person-1', display: 'Somebody' }],
    ['no reference', { identifier: { system: 'urn:oid:1.2.3', value: '1' } }],
  ])('is not seen in %s to the same one', (_, subject) => {
    expect(judgeHeld(ours, there(given(before, { subject })), { unsure: true })).toEqual({ kind: 'ours' });
  });
});
