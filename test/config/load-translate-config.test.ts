import { describe, expect, it } from 'vitest';
import { loadTranslateConfig } from '../../src/config/load-config.ts';
import { configOf, defaultFile, loadedToTranslate, now, toldOf, yamlWith } from './written-config.ts';

const byDefault = (env: Readonly<Record<string, string>>) => loadTranslateConfig({ env, defaultFile, now: () => now });

describe('what a translation needs', () => {
  it('is there without any variable', () => {
    expect(configOf(byDefault({}))).toMatchObject({
      sources: [{ name: 'dialog-health', console: 'example', patient: {} }],
      mapping: { folder: 'dialog-health', canonicalBase: 'https://dialog-health-fhir.example/fhir', region: 'US' },
      patient: { reference: 'literal', from: 'personId', system: '' },
    });
  });

  it('is taken from the environment where it is there', () => {
    const env = {
      CANONICAL_BASE: 'https://fhir.hospital.example.org',
      DIALOG_HEALTH_CONSOLE: 'SIDTEST',
      PATIENT_REFERENCE: 'identifier',
    };
    expect(configOf(byDefault(env))).toMatchObject({
      sources: [{ console: 'SIDTEST' }],
      mapping: { canonicalBase: 'https://fhir.hospital.example.org' },
      patient: { reference: 'identifier' },
    });
  });

  it('is there in an empty group', () => {
    expect(configOf(loadedToTranslate('{}'))).toEqual(
      configOf(loadedToTranslate('sources: []\npatient:\nmapping: {}')),
    );
  });

  it('is the same in a file whose other parts are wrong, or need what is not there', () => {
    const broken = yamlWith({
      source: 'timeout: 5\nproxy: ${NONE}',
      destination: 'destination: {url: "${NONE}", auth: {kind: bearer}, tls: {ca: /run/none.pem}}',
      more: 'http: {port: many}\nledger: x\nlogg: {}',
    });
    expect(configOf(loadedToTranslate(broken))).toEqual(configOf(loadedToTranslate(yamlWith())));
  });

  it.each([
    [
      'patient: {reference: guess}',
      '1 patient.reference: "guess" is none of literal, identifier, conditional, lookup.',
    ],
    ['patient: {form: personId}', '1 patient.form: is no setting. Did you mean from?'],
    ['maping: {folder: ./ours}', '1 maping: is no setting. Did you mean mapping?'],
    ['mapping: ./ours', '1 mapping: must be a group of settings. Example: folder: '],
    ['destination: {dialekt: epic}', '1 destination.dialekt: is no setting. Did you mean dialect?'],
    ['sources: [{consol: SIDTEST}]', '1 sources[0].consol: is no setting. Did you mean console?'],
    ['mapping: {canonicalBase: nowhere}', '1 mapping.canonicalBase: "nowhere" is not a web address.'],
    ['mapping: {folder: "${NONE}"}', '1 mapping.folder: The variable NONE is not set.'],
    ['mapping: &x {folder: y}', '1 mapping: begins with &, * or !'],
    ['mapping: {', '1 -: This is not YAML'],
  ])('is told where it is wrong: %s', (yaml, message) => {
    expect(toldOf(loadedToTranslate(yaml))).toContainEqual(expect.stringContaining(message));
  });
});
