import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrativeOf } from '../../src/mapping/narrative.ts';
import { anyRecord, communicationOf, loaded, row } from './dialog-health.ts';

const mapping = loaded({ narrative: true });

const divOf = (changed: typeof row): string | undefined =>
  communicationOf(mapping.map(anyRecord({ ...row, ...changed }))).text?.div;

describe('the narrative of a Communication', () => {
  it('stands there only where the setting asks for it', () => {
    expect(communicationOf(loaded().map(anyRecord(row)))).not.toHaveProperty('text');
  });

  it('says when, how it went and what', () => {
    expect(divOf({ delivered: 'false', messageStatus: 'INVALID_PHONE' })).toBe(
      '<div xmlns="http://www.w3.org/1999/xhtml"><p>SMS message, 2024-03-07T09:30:00Z: not-done (INVALID_PHONE)</p><p>An example</p></div>',
    );
  });

  it('shows markup in a message as text', () => {
    const div = divOf({
      outgoingMessage: '<script>alert("1")</script> & </div>',
      messageStatus: '<b>',
      delivered: 'no',
    });
    expect(div).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &lt;/div&gt;');
    expect(div).toContain('(&lt;b&gt;)');
    expect(div?.match(/<(?!\/?(?:div|p)\b|br\/>)/g)).toBeNull();
  });

  it('keeps the lines of a message', () => {
    expect(divOf({ outgoingMessage: 'one\ntwo\r\nthree' })).toContain('<p>one<br/>two&#13;<br/>three</p>');
  });

  it('is the same for the same message, whatever the text, and the text can be had back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const resource = {
          resourceType: 'Communication',
          status: 'completed',
          payload: [{ contentString: text }],
        } as const;
        const { div } = narrativeOf({ ...resource, payload: [...resource.payload] });
        const [, , paragraph = ''] = /^<div [^>]+><p>(.*?)<\/p><p>(.*)<\/p><\/div>$/s.exec(div) ?? [];
        const back = paragraph
          .replaceAll('<br/>', '\n')
          .replaceAll('&#13;', '\r')
          .replaceAll('&quot;', '"')
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&amp;', '&');
        expect(back).toBe(text.replaceAll(/[\uFFFE\uFFFF]/g, '\uFFFD'));
      }),
    );
  });
});
