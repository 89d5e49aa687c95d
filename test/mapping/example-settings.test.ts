import { describe, expect, it } from 'vitest';
import { exampleSettings, readExampleSettings } from '../../src/mapping/example-settings.ts';

describe('the settings of an example', () => {
  it('are those of all examples where it has none of its own', () => {
    expect(readExampleSettings(undefined)).toEqual({ kind: 'settings', settings: exampleSettings });
  });

  it('may be otherwise for the Patient, the organization, profile, narrative and labels', () => {
    const read = readExampleSettings({
      patient: { reference: 'identifier' },
      organization: { reference: 'Group/1' },
      profile: true,
      narrative: true,
      labels: ['restricted'],
    });
    expect(read).toMatchObject({
      kind: 'settings',
      settings: {
        canonicalBase: exampleSettings.canonicalBase,
        patient: { reference: 'identifier', from: 'personId' },
        organization: { reference: 'Group/1', display: 'Example Clinic' },
        profile: true,
        narrative: true,
        labels: ['restricted'],
      },
    });
  });

  it.each([
    [{ canonicalBase: 'https://other.example' }, 'not canonicalBase'],
    [{ patient: { reference: 'guess' } }, 'patient.reference is literal, identifier, conditional, lookup'],
    [{ organization: { reference: 1 } }, 'organization.reference is a text'],
    [{ labels: 'restricted' }, 'labels is a list of texts'],
    [{ profile: 'true' }, 'profile is true or false'],
    [{ narrative: 1 }, 'narrative is true or false'],
    ['identifier', 'may hold'],
  ])('%j cannot be set', (json, wanted) => {
    expect(readExampleSettings(json)).toEqual({ kind: 'mistake', mistake: expect.stringContaining(wanted) });
  });
});
