import { describe, expect, it } from 'vitest';
import { configOf, loadedFrom, opsHash, ownFile, ownFolder, sourceNamed, toldOf, yamlWith } from './written-config.ts';

type Sections = Parameters<typeof yamlWith>[0];

const told = (sections: Sections) => toldOf(loadedFrom(yamlWith(sections)));
const ehr = (url: string, more = '') => `destination: {url: "${url}"${more}}`;
const base = (url: string) => `mapping: {canonicalBase: "${url}"}`;

const where = (tls: string): readonly (readonly [string, Sections])[] => [
  ['sources[0].tls', { source: `tls: ${tls}` }],
  ['destination.tls', { destination: ehr('https://ehr.example.org/fhir', `, tls: ${tls}`) }],
  ['http.tls', { more: `http: {tls: ${tls}}` }],
];

const organization = (members: string) => ({
  mapping: `mapping: {canonicalBase: "https://fhir.hospital.example.org", organization: {${members}}}`,
});

const auth = (members: string) => ehr('https://ehr.example.org/fhir', `, auth: {${members}}`);

describe('the Patient', () => {
  const system = 'system: urn:oid:2.16.840.1.113883.3.42';

  it.each(['lookup', 'conditional'])('by %s is looked for in a system, which has to be known', (reference) => {
    expect(told({ more: `patient: {reference: ${reference}}` })).toEqual([
      expect.stringContaining(`patient.system: is needed for ${reference}`),
    ]);
    expect(told({ more: `patient: {reference: ${reference}, ${system}}` })).toEqual([]);
    expect(told({ source: `patient: {reference: ${reference}}` })).toEqual([
      expect.stringContaining(`sources[0].patient.system: is needed for ${reference}`),
    ]);
    expect(told({ source: `patient: {${system}}`, more: `patient: {reference: ${reference}}` })).toEqual([]);
  });

  it('is not compared where it is only named by identifier', () => {
    expect(told({ more: 'patient: {reference: identifier, verify: phone}' })).toEqual([
      expect.stringContaining('patient.verify: is phone, and with reference: identifier no Patient is looked at'),
    ]);
    expect(told({ more: 'patient: {verify: phone}' })).toEqual([]);
    expect(told({ more: `patient: {reference: lookup, ${system}, verify: name}` })).toEqual([]);
  });
});

describe('a web address', () => {
  it.each([
    'http://ehr.example.org/fhir',
    'HTTP://ehr.example.org/fhir',
    'http://10.0.0.7/fhir',
    'http://localhost.example.org/',
  ])('without TLS is refused: %s (G4)', (url) => {
    expect(told({ destination: ehr(url) })).toEqual([
      expect.stringContaining('destination.url: is http, so patient data'),
    ]);
  });

  it('without TLS is refused for a source, too', () => {
    const sources = `sources:\n${sourceNamed('one').replace('https:', 'http:')}`;
    expect(told({ sources })).toEqual([expect.stringContaining('sources[0].url: is http, so patient data')]);
  });

  it('without TLS is taken where that is allowed', () => {
    expect(told({ destination: ehr('http://ehr.example.org/fhir', ', allowHttp: true') })).toEqual([]);
  });

  it.each([
    'http://localhost:8080/fhir',
    'http://127.0.0.1/fhir',
    'http://127.1.2.3/fhir',
    'http://[::1]:8080/fhir',
    'http://ehr.localhost/fhir',
  ])('without TLS is taken on the loopback: %s', (url) => {
    expect(told({ destination: ehr(url) })).toEqual([]);
  });

  it.each([
    'ehr.example.org/fhir',
    'ftp://ehr.example.org/fhir',
    '//ehr.example.org/fhir',
    'https:ehr.example.org',
    'https:///fhir',
    ' https://ehr.example.org/fhir',
    'https://ehr.example.org/our fhir',
    '',
  ])('is none: "%s"', (url) => {
    expect(told({ destination: ehr(url) })).toEqual([expect.stringContaining('is not a web address.')]);
  });

  it.each(['https://writer:hunter2@ehr.example.org/fhir', 'https://hunter2@ehr.example.org/fhir'])(
    'with a login is refused, and the login not repeated (G4)',
    (url) => {
      const [problem, ...more] = told({ destination: ehr(url) });
      expect(more).toEqual([]);
      expect(problem).toContain('destination.url: The value holds a login');
      expect(problem).not.toContain('hunter2');
    },
  );

  it.each(['https://ehr.example.org/fhir?key=hunter2', 'https://ehr.example.org/fhir#hunter2'])(
    'with more than a path is refused, and that not repeated: %s',
    (url) => {
      const [problem] = told({ destination: ehr(url) });
      expect(problem).toContain('has a query or a fragment: leave it off.');
      expect(problem).not.toContain('hunter2');
    },
  );

  it('loses the slash at its end', () => {
    const loaded = loadedFrom(yamlWith({ destination: ehr('https://ehr.example.org/fhir/') }));
    expect(configOf(loaded).destination.url).toBe('https://ehr.example.org/fhir');
  });

  it('of a proxy may have no login, which is not repeated', () => {
    const [problem, ...more] = told({ source: 'proxy: "http://us:hunter2@proxy.example.org:3128"' });
    expect(more).toEqual([]);
    expect(problem).toContain('sources[0].proxy: The value holds a login: a proxy that asks for one is not offered');
    expect(problem).not.toContain('hunter2');
  });
});

describe('the canonical base', () => {
  it('may be left out for an EHR on the loopback', () => {
    const loaded = loadedFrom(yamlWith({ destination: ehr('http://127.0.0.1:8090/fhir'), mapping: base('') }));
    expect(configOf(loaded).mapping.canonicalBase).toBe('https://dialog-health-fhir.example/fhir');
  });

  it('must be set for any other EHR', () => {
    expect(told({ mapping: base('') })).toEqual([expect.stringContaining('mapping.canonicalBase: must be set: ')]);
  });

  it.each(['https://hl7.org/fhir', 'https://HL7.org/x', 'http://terminology.hl7.org'])('is not of HL7: %s', (url) => {
    expect(told({ mapping: base(url) })).toEqual([expect.stringContaining('is under hl7.org, which is not yours')]);
  });

  it.each(['urn:oid:2.999.1', 'fhir.hospital.example.org', 'https://fhir.hospital.example.org?x'])(
    'is a web address, not %s',
    (url) => {
      expect(told({ mapping: base(url) })).toHaveLength(1);
    },
  );

  it('may be http, since nobody asks there', () => {
    expect(told({ mapping: base('http://fhir.hospital.example.org') })).toEqual([]);
  });

  it('is the same with and without a slash at its end', () => {
    const loaded = loadedFrom(yamlWith({ mapping: base('https://fhir.hospital.example.org/') }));
    expect(configOf(loaded).mapping.canonicalBase).toBe('https://fhir.hospital.example.org');
  });
});

describe('several sources', () => {
  it('each need persons of their own', () => {
    const sources = `sources:\n${sourceNamed('one')}${sourceNamed('two')}    patient: {system: "urn:oid:2.999.2"}`;
    expect(told({ sources })).toEqual([expect.stringMatching(/^2 sources\[0\]\.patient: must be set in each source/)]);
  });

  it('have names of their own (G8)', () => {
    const one = `${sourceNamed('one')}    patient: {system: "urn:oid:2.999.1"}\n`;
    expect(told({ sources: `sources:\n${one}${one}` })).toEqual([
      '9 sources[1].name: "one" is there already. Choose another name.',
    ]);
  });
});

describe('users', () => {
  it('have names of their own', () => {
    const user = `{name: ops, passwordHash: "${opsHash}", role: viewer}`;
    expect(told({ more: `http: {users: [${user}, ${user}]}` })).toEqual([
      expect.stringContaining('http.users[1].name: "ops" is there already. Choose another name.'),
    ]);
  });
});

describe('the pace of a source', () => {
  it.each([
    [
      'schedule: "* * * * *"\nrequestsPerHour: 59',
      '60 runs an hour of the schedule, and each needs a request. Example: 120',
    ],
    ['schedule: "*/10 * * * * *"', '360 runs an hour of the schedule, and each needs a request. Example: 720'],
  ])('allows what its schedule needs: %j', (source, message) => {
    expect(told({ source })).toEqual([
      expect.stringContaining(`sources[0].requestsPerHour: is less than the ${message}`),
    ]);
  });

  it('reads a minute no later than records may come (G5)', () => {
    expect(told({ source: 'settleDelay: 2h\nlateness: 1h' })).toEqual([
      expect.stringContaining('sources[0].lateness: is shorter than settleDelay. Example: 7d'),
    ]);
  });

  it('is not judged by a schedule that cannot be read', () => {
    expect(told({ source: 'schedule: often\nrequestsPerHour: 1' })).toEqual([
      expect.stringContaining('sources[0].schedule: "often" is not a cron expression'),
    ]);
  });
});

describe('a certificate', () => {
  it('and its key belong together', () => {
    const pem = ownFile('PEM');
    for (const [path, sections] of where(`{certificate: ${pem}}`)) {
      expect(told(sections)).toEqual([expect.stringContaining(`${path}.key: is missing: a certificate and its key`)]);
    }
    for (const [path, sections] of where(`{key: ${pem}}`)) {
      expect(told(sections)).toEqual([expect.stringContaining(`${path}.certificate: is missing: a certificate and`)]);
    }
    for (const [, sections] of where(`{certificate: ${pem}, key: ${pem}}`)) expect(told(sections)).toEqual([]);
  });

  it.each([
    ['that is not there', () => '/run/none.pem', 'The file /run/none.pem does not exist. Name a PEM file.'],
    ['that is a folder', ownFolder, 'is a folder. Name a PEM file.'],
    ['that is empty', () => ownFile(''), 'is empty. Name a PEM file.'],
  ])('%s is told', (_what, make, message) => {
    for (const [path, sections] of where(`{certificate: ${make()}, key: ${ownFile('PEM')}}`)) {
      expect(told(sections)).toEqual([
        expect.stringMatching(new RegExp(`${path.replaceAll(/[[\]]/g, '\\$&')}\\.certificate: .*`)),
      ]);
      expect(told(sections)[0]).toContain(message);
    }
  });
});

describe('the login to the EHR', () => {
  it.each([
    ['kind: none', []],
    ['kind: basic, username: writer, password: hunter2', []],
    ['kind: basic', ['username: is needed for basic. Example: sms-writer', 'password: is needed for basic.']],
    ['kind: basic, username: writer', ['password: is needed for basic. Example: ${file:/run/secrets/ehr}']],
    ['kind: bearer, token: hunter2', []],
    ['kind: bearer', ['token: is needed for bearer. Example: ${file:/run/secrets/ehr-token}']],
    ['token: hunter2', ['kind: is none, and token would not be used. Write kind: bearer, or leave the rest out.']],
    [
      'kind: none, username: writer, password: hunter2',
      ['kind: is none, and username and password would not be used. Write kind: basic, or leave the rest out.'],
    ],
    ['kind: basic, username: "a:b", password: hunter2', ['username: The value holds a colon']],
    ['kind: bearer, token: a, tokenFile: /run/b', ['tokenFile: is set beside token. Set one of them.']],
  ])('%s', (members, problems) => {
    expect(told({ destination: auth(members) })).toEqual(
      problems.map((problem) => expect.stringContaining(`destination.auth.${problem}`)),
    );
  });

  it('by a token file needs that file, whose name is not repeated: it may be the token (G3)', () => {
    expect(told({ destination: auth('kind: bearer, tokenFile: hunter2') })).toEqual([
      '9 destination.auth.tokenFile: The file does not exist. Name a file with the token in it.',
    ]);
  });
});

describe('the identifier of the organization', () => {
  it.each([
    ['system: "urn:oid:2.16.840.1.113883.3.42"', 'value: is missing'],
    ['value: main-campus', 'system: is missing'],
    ['system: 2.16.840.1.113883.3.42, value: main-campus', 'system: "2.16.840.1.113883.3.42" is an OID alone'],
  ])('is told where it is half of one: %s', (members, problem) => {
    expect(told(organization(members))).toEqual([expect.stringContaining(`mapping.organization.${problem}`)]);
  });

  it.each(['system: "urn:oid:2.16.840.1.113883.3.42", value: main-campus', 'display: Example Hospital', ''])(
    'is whole, or is not there: %s',
    (members) => {
      expect(told(organization(members))).toEqual([]);
    },
  );
});
