import { describe, expect, it } from 'vitest';
import { packagedBase } from '../../src/artefacts/packaged.ts';
import { siteValidator } from '../../src/site-validation.ts';
import { all, one, published } from './site.ts';

describe('the examples in fhir/', () => {
  const examples = all('Communication', published);

  it('pass the full validation of a site with that base', async () => {
    const validate = await siteValidator(packagedBase);
    expect(examples.flatMap((example) => validate(example))).toEqual([]);
  });

  it('claim the profile that the guide says they are examples of', () => {
    const profile = one('StructureDefinition', 'sms-communication', published).url;
    const guide = one('ImplementationGuide', 'sms-results', published);
    expect(examples.map(({ meta }) => meta?.profile)).toEqual(examples.map(() => [profile]));
    const told = guide.definition?.resource.filter(({ reference }) =>
      reference.reference?.startsWith('Communication/'),
    );
    expect(told?.map(({ exampleCanonical }) => exampleCanonical)).toEqual(examples.map(() => profile));
  });

  it('show every extension', () => {
    const shown = new Set(examples.flatMap(({ extension = [] }) => extension.map(({ url }) => url)));
    const defined = all('StructureDefinition', published).filter(({ type }) => type === 'Extension');
    expect([...shown].toSorted()).toEqual(defined.map(({ url }) => url).toSorted());
  });
});
