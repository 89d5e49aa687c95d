import { describe, expect, it } from 'vitest';
import { configOf, loadedFrom, sourceNamed, toldOf, yamlWith } from './written-config.ts';

const told = (destination: string, more = '', mapping?: string) =>
  toldOf(
    loadedFrom(
      yamlWith({ destination: `destination: {${destination}}`, more, ...(mapping === undefined ? {} : { mapping }) }),
    ),
  );

const files = 'kind: bundle-files, folder: /var/spool/sms-bundles';
const listener = 'kind: bundle-http, url: "https://engine.example.org:8443/sms"';

describe('bundle-files', () => {
  it('needs a folder, and no address', () => {
    expect(told(files)).toEqual([]);
    expect(configOf(loadedFrom(yamlWith({ destination: `destination: {${files}}` }))).destination.url).toBe('');
    expect(told('kind: bundle-files')).toEqual([
      expect.stringContaining('destination.folder: must be set for bundle-files. Example: /var/spool/sms-bundles'),
    ]);
  });

  it.each([
    ['url: "https://engine.example.org/sms"', 'url: does not apply to bundle-files, which ask no server.'],
    ['auth: {kind: bearer, token: hunter2}', 'auth.kind: does not apply to bundle-files'],
    ['write: put-by-id', 'write: does not apply to bundle-files: each Bundle is a batch of PUT Communication/<id>'],
    ['bundle: {type: transaction}', 'bundle.type: does not apply to bundle-files'],
    ['bundle: {type: none}', 'Write maxEntries: 1 for one message in each.'],
    ['acceptUnsuitable: true', 'acceptUnsuitable: does not apply to bundle-files'],
    ['assume: {batch: true}', 'assume.batch: does not apply to bundle-files'],
  ])('refuses what does nothing there: %s', (line, message) => {
    const problems = told(`${files}, ${line}`);
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each([
    'write: auto',
    'bundle: {type: batch, maxEntries: 1}',
    'proxy: "http://proxy.example.org:3128"',
    'allowHttp: true',
  ])('takes what says nothing else, or comes from the environment for the sources: %s', (line) => {
    expect(told(`${files}, ${line}`)).toEqual([]);
  });

  it('needs a canonical base: where the files go from their folder is not known', () => {
    expect(told(files, '', 'mapping: {}')).toEqual([expect.stringContaining('mapping.canonicalBase: must be set: ')]);
  });
});

describe('bundle-http', () => {
  it('needs an address, with TLS but on the loopback', () => {
    expect(told(listener)).toEqual([]);
    expect(told('kind: bundle-http, url: "http://127.0.0.1:6661/sms"')).toEqual([]);
    expect(told('kind: bundle-http')).toEqual([
      expect.stringContaining('destination.url: must be set. Example: https://engine.example.org:8443/sms'),
    ]);
    expect(told('kind: bundle-http, url: "http://engine.example.org/sms"')).toEqual([
      expect.stringContaining('destination.url: is http, so patient data'),
    ]);
  });

  it.each([
    ['folder: /var/spool/sms-bundles', 'folder: is for bundle-files, and kind is bundle-http.'],
    ['write: conditional-update', 'write: does not apply to bundle-http'],
    ['bundle: {type: transaction}', 'bundle.type: does not apply to bundle-http'],
    ['assume: {updateCreate: true}', 'assume.updateCreate: does not apply to bundle-http'],
  ])('refuses what does nothing there: %s', (line, message) => {
    expect(told(`${listener}, ${line}`)).toEqual([expect.stringContaining(`destination.${message}`)]);
  });

  it.each([
    'auth: {kind: basic, username: us, password: hunter2}',
    'auth: {kind: bearer, token: hunter2}',
    'timeout: 10s',
  ])('takes what concerns any server: %s', (line) => {
    expect(told(`${listener}, ${line}`)).toEqual([]);
  });
});

describe('a Patient', () => {
  it.each([
    [files, 'bundle-files'],
    [listener, 'bundle-http'],
  ])('cannot be looked for at an EHR that nobody can ask: %s', (destination, kind) => {
    const system = 'system: "urn:oid:2.999.1"';
    for (const reference of ['conditional', 'lookup']) {
      expect(told(destination, `patient: {reference: ${reference}, ${system}}`)).toContainEqual(
        expect.stringContaining(
          `patient.reference: is ${reference}, for which the EHR must be asked; ${kind} can ask nobody.`,
        ),
      );
    }
    for (const reference of ['literal', 'identifier']) {
      expect(told(destination, `patient: {reference: ${reference}, ${system}}`)).toEqual([]);
    }
    for (const [name, value] of [
      ['missing', 'reject'],
      ['verify', 'name'],
    ]) {
      expect(told(destination, `patient: {${name}: ${value}}`)).toContainEqual(
        expect.stringContaining(`patient.${name}: does not apply to ${kind}`),
      );
    }
  });

  it('of one source neither', () => {
    const one = `${sourceNamed('one')}    patient: {reference: lookup, system: "urn:oid:2.999.1"}\n`;
    const yaml = yamlWith({ sources: `sources:\n${one}`, destination: `destination: {${files}}` });
    expect(toldOf(loadedFrom(yaml))).toEqual([expect.stringContaining('sources[0].patient.reference: is lookup')]);
  });
});

describe('a kind', () => {
  it('that is none is told with those that there are, and nothing that follows from it', () => {
    expect(told('kind: bundle-file, folder: /x')).toEqual([
      expect.stringContaining('destination.kind: "bundle-file" is none of fhir-server, bundle-files, bundle-http.'),
    ]);
  });

  it('fhir-server has no folder: most likely the kind was forgotten', () => {
    expect(told('folder: /var/spool/sms-bundles')).toEqual([
      expect.stringContaining('destination.url: must be set.'),
      expect.stringContaining('Write kind: bundle-files, or leave folder out.'),
    ]);
  });
});
