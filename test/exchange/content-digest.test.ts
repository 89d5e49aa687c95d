import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/exchange/content-digest.ts';

const message = {
  resourceType: 'Communication',
  id: 'ours',
  status: 'completed',
  subject: { reference: 'Patient?identifier=urn:oid:1.2.3|1' },
  category: [{ coding: [{ code: 'a' }, { code: 'b' }] }],
};

describe('the digest of a Communication', () => {
  it('is the same whatever the order of the names, and whatever a server adds', () => {
    const given = {
      meta: { versionId: '3' },
      text: { status: 'generated' },
      category: message.category,
      status: 'completed',
      subject: { reference: 'Patient/1' },
      id: 'another',
      resourceType: 'Communication',
    };
    expect(contentDigest(given)).toBe(contentDigest(message));
  });

  it.each([
    ['another value', { ...message, status: 'stopped' }],
    ['another element', { ...message, note: [{ text: '' }] }],
    ['another order of items', { ...message, category: [{ coding: [{ code: 'b' }, { code: 'a' }] }] }],
    ['one item less', { ...message, category: [] }],
  ])('is another one for %s', (_, other) => {
    expect(contentDigest(other)).not.toBe(contentDigest(message));
  });

  it('tells nothing of the content', () => {
    expect(contentDigest(message)).toMatch(/^[0-9a-f]{32}$/);
  });
});
