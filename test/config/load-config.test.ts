import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import {
  configOf,
  defaultFile,
  leastEnvironment,
  loadedBy,
  loadedFrom,
  now,
  opsHash,
  ownFile,
  ownFolder,
  problemsOf,
  sourceNamed,
  toldOf,
  warningsOf,
  yamlWith,
} from './written-config.ts';

const dayMs = 86_400_000;

const patient = (system: string) => `    patient: {system: "urn:oid:${system}"}`;

describe('the environment alone', () => {
  it('is a whole configuration', () => {
    const { sources, destination, mapping } = configOf(loadedBy(leastEnvironment));
    expect(sources).toHaveLength(1);
    expect(sources[0]).toMatchObject({
      name: 'dialog-health',
      url: 'https://vendor.example.org/dialoghealth-writeback-api',
      console: 'SIDTEST',
      username: 'hospital-api',
    });
    expect(sources[0].password.reveal()).toBe('vendor password');
    expect(destination.url).toBe('https://ehr.example.org/fhir');
    expect(mapping.canonicalBase).toBe('https://fhir.hospital.example.org');
  });

  it('tells every variable that is missing, at once', () => {
    const { CANONICAL_BASE: _, ...others } = leastEnvironment;
    const told = toldOf(loadedBy({ DIALOG_HEALTH_CONSOLE: 'SIDTEST', HOST: '127.0.0.1' }));
    const missing = Object.keys(others).filter((name) => name !== 'DIALOG_HEALTH_CONSOLE');
    expect(missing.filter((name) => !told.some((each) => each.includes(`The variable ${name} is not set.`)))).toEqual(
      [],
    );
  });

  it('names the variable that a wrong value came from', () => {
    const told = toldOf(loadedBy({ ...leastEnvironment, FHIR_URL: 'foo', PORT: 'abc' }));
    expect(told).toEqual([
      expect.stringMatching(/destination\.url: "foo" is not a web address\. .* \(from FHIR_URL\)$/),
      expect.stringMatching(/http\.port: "abc" .* \(from PORT\)$/),
    ]);
  });

  it('is refused without a canonical base', () => {
    expect(toldOf(loadedBy({ ...leastEnvironment, CANONICAL_BASE: '' }))).toEqual([
      expect.stringMatching(/^\d+ mapping\.canonicalBase: must be set: /),
    ]);
  });

  it.each(Object.keys(leastEnvironment))('takes %s as the name of a file too', (name) => {
    const { [name]: content = '', ...others } = leastEnvironment;
    expect(configOf(loadedBy({ ...others, [`${name}_FILE`]: ownFile(`${content}\n`) }))).toEqual(
      configOf(loadedBy(leastEnvironment)),
    );
  });

  it.each([
    ['DIALOG_HEALTH_SCHEDULE', '0 * * * *', { sources: [{ schedule: '0 * * * *' }] }],
    ['START_AT', '2026-01-01T00:00:00Z', { sources: [{ startAt: Date.parse('2026-01-01T00:00:00Z') }] }],
    ['ALLOW_HTTP', 'true', { sources: [{ allowHttp: true }], destination: { allowHttp: true } }],
    ['HTTPS_PROXY', 'http://proxy.example.org:3128', { destination: { proxy: 'http://proxy.example.org:3128' } }],
    ['PATIENT_REFERENCE', 'identifier', { patient: { reference: 'identifier' } }],
    ['PATIENT_IDENTIFIER_SYSTEM', 'urn:oid:2.999.1', { patient: { system: 'urn:oid:2.999.1' } }],
    ['HOST', '0.0.0.0', { http: { host: '0.0.0.0' } }],
    ['PORT', '9090', { http: { port: 9090 } }],
  ])('takes %s', (name, text, expected) => {
    expect(configOf(loadedBy({ ...leastEnvironment, [name]: text }))).toMatchObject(expected);
  });

  it('takes the login to the EHR, the ledger and its key, and the secret that keys are made with', () => {
    const key = Buffer.alloc(32, 1).toString('base64');
    const { destination, ledger, mapping } = configOf(
      loadedBy({
        ...leastEnvironment,
        FHIR_AUTH_KIND: 'bearer',
        FHIR_AUTH_TOKEN: 'token',
        LEDGER_URL: 'sqlite:/data/other.db',
        LEDGER_KEY: key,
        MAPPING_KEY_SECRET: 'sixteen letters!',
      }),
    );
    expect(mapping.keySecret.reveal()).toBe('sixteen letters!');
    expect(destination.auth.kind).toBe('bearer');
    expect([destination.auth.token, ledger.url, ledger.encryptionKey].map((each) => each.reveal())).toEqual([
      'token',
      'sqlite:/data/other.db',
      key,
    ]);
  });

  it('makes one operator of OPS_USER', () => {
    const loaded = loadedBy({ ...leastEnvironment, OPS_USER: 'ops', OPS_PASSWORD_HASH: opsHash });
    expect(configOf(loaded).http.users).toMatchObject([{ name: 'ops', role: 'operator' }]);
    expect(warningsOf(loaded)).toEqual([]);
  });

  it('makes no user without OPS_USER, and says so', () => {
    const loaded = loadedBy(leastEnvironment);
    expect(configOf(loaded).http.users).toEqual([]);
    expect(warningsOf(loaded)).toEqual(['http.users is empty: nobody can log in, and only /livez and /readyz answer.']);
  });

  it('is refused with OPS_USER and no hash', () => {
    expect(toldOf(loadedBy({ ...leastEnvironment, OPS_USER: 'ops' }))).toEqual([
      expect.stringContaining('http.users[0].passwordHash: The value is not a hash: make one with hash-password.'),
    ]);
  });
});

describe('a configuration', () => {
  it('has defaults for what it leaves out', () => {
    const { sources, destination, patient, mapping, ledger, http, log } = configOf(loadedFrom(yamlWith()));
    expect(sources[0]).toMatchObject({
      method: 'auto',
      timestampFormat: 'auto',
      timezone: 'UTC',
      allowHttp: false,
      proxy: '',
      tls: { ca: '', certificate: '', key: '' },
      patient: {},
      schedule: '*/5 * * * *',
      requestsPerHour: 240,
      settleDelay: 120_000,
      lateness: 7 * dayMs,
      maxResponseBytes: 2 ** 30,
      timeout: 120_000,
    });
    expect(destination).toMatchObject({
      kind: 'fhir-server',
      auth: { kind: 'none' },
      acceptUnsuitable: false,
      write: 'auto',
      bundle: { type: 'auto', maxEntries: 100, maxBytes: 4 * 2 ** 20 },
      concurrency: 2,
      maxBacklog: 1_000_000,
      timeout: 60_000,
      dialect: 'auto',
      assume: {},
    });
    expect(patient).toEqual({
      reference: 'literal',
      from: 'personId',
      system: '',
      missing: 'wait',
      verify: 'none',
      maxWait: 30 * dayMs,
    });
    expect(mapping).toMatchObject({ folder: 'dialog-health', region: 'US' });
    expect(mapping.keySecret.reveal()).toBe('');
    expect(ledger.url.reveal()).toBe('sqlite:data/ledger.db');
    expect(ledger).toMatchObject({ retention: 400 * dayMs });
    expect(http).toMatchObject({ port: 8080, host: '127.0.0.1', users: [] });
    expect(log).toEqual({ level: 'info' });
  });

  it('begins seven days ago where it does not say when', () => {
    expect(configOf(loadedFrom(yamlWith())).sources[0].startAt).toBe(now - 7 * dayMs);
  });

  it('warns of a beginning in the future: what is older would be passed over without a word', () => {
    const loaded = loadedFrom(yamlWith({ source: 'startAt: 2062-01-01T00:00:00Z' }));
    expect(warningsOf(loaded)).toContain('startAt of main-clinic is in the future: what is older will never be read.');
  });

  it('may leave a setting empty, which is to leave it out', () => {
    const loaded = loadedFrom(yamlWith({ source: 'timeout:\ntls:\npatient:', more: 'log:\nledger: {retention: }' }));
    expect(configOf(loaded)).toEqual(configOf(loadedFrom(yamlWith())));
  });

  it('is taken from the example, with its variables set', () => {
    const env = { ...leastEnvironment, FHIR_AUTH_TOKEN: 'token', OPS_PASSWORD_HASH: opsHash };
    const loaded = loadConfig({ env, defaultFile, file: 'config/example.yaml', now: () => now });
    expect(toldOf(loaded)).toEqual([]);
    expect(configOf(loaded)).toMatchObject({
      sources: [{ name: 'main-clinic', startAt: Date.parse('2026-01-01T00:00:00Z') }],
      mapping: { organization: { display: 'Example Hospital' } },
      http: { users: [{ name: 'ops', role: 'operator' }] },
    });
    expect(configOf(loaded).destination.auth.token.reveal()).toBe('token');
  });

  it('may have several sources, each with its own persons', () => {
    const sources = `sources:\n${sourceNamed('one')}${patient('2.999.1')}\n${sourceNamed('two')}${patient('2.999.2')}`;
    expect(configOf(loadedFrom(yamlWith({ sources }))).sources.map(({ name, patient }) => [name, patient])).toEqual([
      ['one', { system: 'urn:oid:2.999.1' }],
      ['two', { system: 'urn:oid:2.999.2' }],
    ]);
  });
});

describe('a file that is no configuration', () => {
  it.each([
    ['is missing', () => `${ownFolder()}/none.yaml`, 'The configuration file does not exist.'],
    ['is empty', () => ownFile(''), 'The configuration file is empty.'],
    ['is a folder', () => ownFolder(), 'The configuration file is a folder.'],
  ])('because it %s is told as that', (_why, make, message) => {
    const file = make();
    const loaded = loadConfig({ env: {}, defaultFile, file, now: () => now });
    expect(problemsOf(loaded)).toEqual([{ file, path: '-', message }]);
  });

  it.each(['# nothing but a comment', '---', '{}', '- a', 'word', '~'])('but "%s" is told what it lacks', (yaml) => {
    expect(toldOf(loadedFrom(yaml)).length).toBeGreaterThan(0);
  });
});
