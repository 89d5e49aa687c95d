import { describe, expect, it } from 'vitest';
import { sameContent } from '../../../../src/destinations/fhir-server/writing/same-content.ts';
import { delivery } from '../../example-deliveries.ts';

const { resource } = delivery(0);
const held = { ...resource, id: 'server-1', meta: { versionId: '3', lastUpdated: '2026-03-05T14:00:00Z' } };

describe('what the EHR holds is what we would write', () => {
  it('but for what a server adds by itself', () => {
    expect(sameContent(resource, held)).toBe(true);
    expect(sameContent(resource, { ...held, text: { status: 'generated', div: '<div/>' } })).toBe(true);
    expect(sameContent({ ...resource, meta: { source: 'urn:x' } }, held)).toBe(true);
  });

  it('in whatever order its elements come', () => {
    expect(sameContent(resource, Object.fromEntries(Object.entries(held).toReversed()))).toBe(true);
  });

  it('only when every element is equal, and none too many', () => {
    expect(sameContent(resource, { ...held, status: 'completed' })).toBe(false);
    expect(sameContent(resource, { ...held, statusReason: { text: 'x' } })).toBe(false);
    expect(sameContent(resource, { ...held, payload: [...(resource.payload ?? []), { contentString: 'x' }] })).toBe(
      false,
    );
    const { sent: _, ...less } = held;
    expect(sameContent(resource, less)).toBe(false);
    const narrated = { ...resource, text: { status: 'generated' as const, div: '<div/>' } };
    expect(sameContent(narrated, held)).toBe(false);
  });
});
