import { describe, expect, it } from 'vitest';
import { declaredSettings } from '../../src/config/setting.ts';
import { configSchema } from '../../src/config/config.ts';
import { loadedFrom, opsHash, problemsOf, sourceNamed, toldOf, yamlWith } from './written-config.ts';

const told = (sections: Parameters<typeof yamlWith>[0]) => toldOf(loadedFrom(yamlWith(sections)));

describe('every mistake', () => {
  const yaml = [
    'sources:',
    '  - name: main clinic',
    '    kind: dialog-health',
    '    url: http://vendor.example.org/api',
    '    consol: SIDTEST',
    '    username: hospital-api',
    '    password: ${NONE}',
    '    settleDelay: 120',
    '    requestsPerHour: 10',
    'destination:',
    '  url: https://ehr.example.org/fhir',
    '  write: sometimes',
    '  auth: {kind: basic, username: writer}',
    'http:',
    '  users:',
    `    - {name: ops, passwordHash: "${opsHash}", role: boss}`,
    'logg: {}',
  ].join('\n');

  it('is told at once, in the order of the file, with line, path and an example (G1)', () => {
    expect(toldOf(loadedFrom(yaml))).toEqual([
      '- mapping.canonicalBase: must be set: it stands in the charts for ever, in identifiers and extension URLs, so it is yours to choose. Example: https://fhir.your-hospital.org',
      '2 sources[0].name: "main clinic" is not a name: letters, digits, ".", "_" and "-", at most 63 of them, the first a letter or digit. Example: main-clinic',
      '2 sources[0].console: must be set. Example: SIDJUL8079',
      '4 sources[0].url: is http, so patient data would cross the network unencrypted. Write https, or set allowHttp: true.',
      '5 sources[0].consol: is no setting. Did you mean console?',
      '7 sources[0].password: The variable NONE is not set. Set it, or NONE_FILE to the name of a file that holds it.',
      '8 sources[0].settleDelay: "120" is not a duration such as 90s, 5m, 6h or 7d: write a whole number and its unit. Example: 2m',
      '9 sources[0].requestsPerHour: is less than the 12 runs an hour of the schedule, and each needs a request. Example: 24',
      '12 destination.write: "sometimes" is none of auto, put-by-id, conditional-update, conditional-create, search-then-create. Example: put-by-id',
      '13 destination.auth.password: is needed for basic. Example: ${file:/run/secrets/ehr}',
      '16 http.users[0].role: "boss" is none of viewer, operator, admin. Example: operator',
      expect.stringMatching(/^17 logg: is no setting\. Did you mean log\?$/),
    ]);
  });

  it('names the file', () => {
    const problems = problemsOf(loadedFrom(yaml));
    expect(problems.every(({ file }) => file.endsWith('/ours.yaml'))).toBe(true);
  });
});

describe('an unknown key', () => {
  it.each([
    [{ source: 'requestPerHour: 5' }, 'sources[0].requestPerHour: is no setting. Did you mean requestsPerHour?'],
    [
      { source: 'requests_per_hour: 500' },
      'sources[0].requests_per_hour: is no setting. Did you mean requestsPerHour?',
    ],
    [{ source: 'tls: {cert: x}' }, 'sources[0].tls.cert: is no setting. Known here: ca, certificate, key.'],
    [{ more: 'destinations: {}' }, 'destinations: is no setting. Did you mean destination?'],
    [{ more: 'destinaton:' }, 'destinaton: is no setting. Did you mean destination?'],
    [{ more: 'ledger: {keys: [a]}' }, 'ledger.keys: is no setting. Known here: url, encryptionKey, retention.'],
    [{ more: '1: x' }, '1: is no setting.'],
  ])('in %j is told with the one that was meant', (sections, message) => {
    expect(told(sections)).toEqual([expect.stringContaining(message)]);
  });
});

describe('what must be given', () => {
  it.each(['settings', '- a', '42'])('is all of it, where the file is only "%s"', (yaml) => {
    expect(toldOf(loadedFrom(yaml))).toEqual(['- -: There are no settings in it. See config/example.yaml.']);
  });

  it.each([
    [
      'sources',
      yamlWith({ sources: '' }),
      'sources: must be a list with at least one entry. Example: - name: main-clinic',
    ],
    ['sources', yamlWith({ sources: 'sources: []' }), 'sources[0].name: must be set. Example: main-clinic'],
    ['destination', yamlWith({ destination: '' }), 'destination.url: must be set.'],
    [
      'a group',
      yamlWith({ destination: 'destination: x' }),
      'destination: must be a group of settings. Example: kind: fhir-server',
    ],
    [
      'a list',
      yamlWith({ more: 'http: {users: x}' }),
      'http.users: must be a list with at least one entry. Example: - name: ops',
    ],
    ['one value', yamlWith({ source: 'timeout: [5m]' }), 'sources[0].timeout: The value must be one value, not a list'],
  ])('is told: %s', (_what, yaml, message) => {
    expect(toldOf(loadedFrom(yaml))).toContainEqual(expect.stringContaining(message));
  });

  it.each(
    declaredSettings(configSchema)
      // One that may be left out shows something in the place of a default.
      .filter(
        ({ path, shownDefault, ...each }) =>
          each.default === undefined && shownDefault === undefined && /^sources\[\]\.\w+$/.test(path),
      )
      .map(({ path }) => path.replace('sources[].', '')),
  )('is told for a source without %s', (name) => {
    const sources = `sources:\n${sourceNamed('one').replace(new RegExp(`${name}: .*`), `${name}:`)}`;
    expect(told({ sources })).toEqual([
      expect.stringMatching(new RegExp(`sources\\[0\\]\\.${name}: must be set\\. Example: .+`)),
    ]);
  });
});

describe('a value', () => {
  it.each([
    ['settleDelay: 2', 'settleDelay: "2" is not a duration'],
    ['settleDelay: 2min', 'settleDelay: "2min" is not a duration'],
    ['settleDelay: 7h', 'settleDelay: "7h" is out of range: write something from 0s to 6h.'],
    ['lateness: 7', 'lateness: "7" is not a duration'],
    ['maxResponseBytes: 1GB', 'maxResponseBytes: "1GB" is not a size'],
    ['requestsPerHour: 0', 'requestsPerHour: "0" is no whole number from 1 to 100000.'],
    ['requestsPerHour: 1.5', 'requestsPerHour: "1.5" is no whole number'],
    ['requestsPerHour: many', 'requestsPerHour: "many" is no whole number'],
    ['rowCap: 49', 'rowCap: "49" is no whole number from 50 to 10000000.'],
    ['timezone: Mars/Olympus', 'timezone: "Mars/Olympus" is not a time zone of the IANA list.'],
    ['schedule: "*/5 * * *"', 'schedule: "*/5 * * *" is not a cron expression'],
    ['schedule: "61 * * * *"', 'schedule: "61 * * * *" has a wrong minute'],
    ['startAt: 2026-01-01', 'startAt: "2026-01-01" is not a moment: write date, time and zone.'],
    ['startAt: 2026-01-01T00:00:00', 'startAt: "2026-01-01T00:00:00" is not a moment'],
    ['startAt: 2026-13-01T00:00:00Z', 'startAt: "2026-13-01T00:00:00Z" is not a moment'],
    ['startAt: 2026-02-30T00:00:00Z', 'startAt: "2026-02-30T00:00:00Z" is not a moment'],
    ['method: POST', 'method: "POST" is none of auto, GET, PUT.'],
    ['allowHttp: yes', 'allowHttp: "yes" is not true or false.'],
    ['patient: {from: personMisc6}', 'patient.from: "personMisc6" is none of personId'],
  ])('of a source is told where it is wrong: %s', (source, message) => {
    expect(told({ source })).toEqual([expect.stringContaining(`sources[0].${message}`)]);
  });

  it.each([
    ['url: "https://us:1/2@vendor.example.org"', 'url: The value holds a login'],
    ['console: " SIDTEST"', 'console: " SIDTEST" has a space around it.'],
    ['console: "SIDTEST\\r"', 'console: The value holds a control character'],
    ['username: "a:b"', 'username: The value holds a colon, which HTTP Basic cannot carry'],
  ])('that each source has is told where it is wrong: %s', (line, message) => {
    const [name = ''] = line.split(':');
    const sources = `sources:\n${sourceNamed('one').replace(new RegExp(`${name}: .*`), line)}`;
    expect(told({ sources })).toEqual([expect.stringContaining(`sources[0].${message}`)]);
  });

  it.each([
    ['ledger: {url: ledger.db}', 'ledger.url: The value is no ledger'],
    ['ledger: {url: "postgres://ops:a/b@db.example.org/sms"}', 'ledger.url: The value is no ledger'],
    ['ledger: {url: "postgres://ops:1/b@db.example.org/sms"}', 'ledger.url: The value is no ledger'],
    ['ledger: {url: "postgres://ops:1#b@db.example.org/sms"}', 'ledger.url: The value is no ledger'],
    ['ledger: {url: "sqlite::memory:"}', 'ledger.url: The value would be lost with the process: write sqlite:PATH.'],
    ['ledger: {url: "sqlite://host/ledger.db"}', 'ledger.url: The value is no ledger'],
    ['ledger: {encryptionKey: c2hvcnQ=}', 'ledger.encryptionKey: The value is not 32 bytes in base64'],
    ['http: {port: 65536}', 'http.port: "65536" is no whole number from 0 to 65535.'],
    ['http: {users: [{name: "a b", passwordHash: x, role: viewer}]}', 'http.users[0].passwordHash: The value is not'],
    ['patient: {system: 2.16.840.1.113883.3.42}', 'patient.system: "2.16.840.1.113883.3.42" is an OID alone'],
    ['patient: {system: our persons}', 'patient.system: "our persons" is not a URI'],
    ['patient: {system: MRN}', 'patient.system: "MRN" is not a URI'],
    ['patient: {missing: guess}', 'patient.missing: "guess" is none of wait, send-identifier, reject.'],
    ['patient: {verify: birthday}', 'patient.verify: "birthday" is none of none, name, phone.'],
    ['log: {level: debug}', 'log.level: "debug" is none of info, warn, error.'],
  ])('is told where it is wrong: %s', (more, message) => {
    expect(told({ more })).toContainEqual(expect.stringContaining(message));
  });

  it('for keys is refused where it is short enough to be found by trying, and not shown', () => {
    const mapping = (secret: string) =>
      `mapping: {canonicalBase: https://fhir.hospital.example.org, keySecret: ${secret}}`;
    expect(told({ mapping: mapping('hunter2-hunter2') })).toEqual([
      expect.stringContaining(
        'mapping.keySecret: The value is shorter than 16 characters: make one with generate-key.',
      ),
    ]);
    expect(told({ mapping: mapping('hunter2-hunter2-') })).toEqual([]);
    expect(told({ mapping: mapping('""') })).toEqual([]);
  });
});
