import * as z from 'zod';
import * as read from './readers.ts';
import type { Secret } from './secret.ts';
import { group, optional, partOfGroup, setting } from './setting.ts';
import { bytes, duration } from './units.ts';

/** Every setting, declared once: how it is read, its default, what it means. README's table is made from here. */

const person = ['personId', 'personMisc1', 'personMisc2', 'personMisc3', 'personMisc4', 'personMisc5'] as const;

const reference = read.oneOf(['literal', 'identifier', 'conditional', 'lookup']);
const missing = read.oneOf(['wait', 'send-identifier', 'reject']);
const maxWait = duration({ least: '1m', most: '400d' });
const verify = read.oneOf(['none', 'name', 'phone']);

const network = (side: string) => ({
  allowHttp: setting(read.flag, {
    meaning: `Whether ${side} may be asked without TLS. On the loopback it always may.`,
    example: 'true',
    default: 'false',
  }),
  proxy: setting(read.proxy, {
    meaning: `The proxy on the way to ${side}; hosts of NO_PROXY are asked without it.`,
    example: 'http://proxy.example.org:3128',
    default: '',
  }),
  tls: group({
    ca: setting(read.text, {
      meaning: `File with the private CA that ${side} is trusted by, beside the public ones (PEM).`,
      example: '/etc/ssl/hospital-ca.pem',
      default: '',
    }),
    certificate: setting(read.text, {
      meaning: `File with our certificate, where ${side} asks for one (PEM).`,
      example: '/etc/ssl/client.pem',
      default: '',
    }),
    key: setting(read.text, {
      meaning: 'File with the key of that certificate (PEM).',
      example: '/etc/ssl/client.key',
      default: '',
    }),
  }),
});

const patientFacts = {
  reference: {
    meaning:
      'How the Patient is referred to: literal (`Patient/<id>`) where the person id is the EHR’s own Patient id; lookup where it is an identifier of the Patient, who is looked for; conditional, the same by the EHR itself in transactions; identifier leaves it to the EHR whose identifier that is.',
    example: 'lookup',
    default: 'literal',
  },
  from: { meaning: 'The vendor’s field with the id of the person.', example: 'personMisc1', default: 'personId' },
  system: {
    meaning:
      'The system of that id, where it is one of the hospital’s; empty: a system of the console’s own. Needed for lookup and conditional.',
    example: 'urn:oid:2.16.840.1.113883.3.42',
    default: '',
  },
  missing: {
    meaning:
      'What becomes of a message whose Patient the EHR lacks: wait for it; send-identifier writes it with the identifier alone; reject sets it apart for a person at once.',
    example: 'send-identifier',
    default: 'wait',
  },
  maxWait: {
    meaning: 'How long a message waits for its Patient before it is rejected.',
    example: '30d',
    default: '30d',
  },
  verify: {
    meaning:
      'What of the message must fit the Patient before it is written: the name, or the phone number (the name where a message has none). One that does not fit is kept for a person. Not with identifier.',
    example: 'phone',
    default: 'none',
  },
};

/** Of one source, before those for all of them. */
const shownDefault = 'as in patient';
const patientOverrides = group({
  reference: optional(reference, { ...patientFacts.reference, shownDefault }),
  from: optional(read.oneOf(person), { ...patientFacts.from, shownDefault }),
  system: optional(read.system, { ...patientFacts.system, shownDefault }),
  missing: optional(missing, { ...patientFacts.missing, shownDefault }),
  maxWait: optional(maxWait, { ...patientFacts.maxWait, shownDefault }),
  verify: optional(verify, { ...patientFacts.verify, shownDefault }),
});

const source = group({
  name: setting(read.name, { meaning: 'Its name in logs and status.', example: 'main-clinic' }),
  kind: setting(read.oneOf(['dialog-health']), { meaning: 'What it is.', example: 'dialog-health' }),
  url: setting(read.webAddress, {
    meaning: 'Where the Writeback API is.',
    example: 'https://host/dialoghealth-writeback-api',
  }),
  console: setting(read.someText, { meaning: 'The console’s code.', example: 'SIDJUL8079' }),
  username: setting(read.someLogin, { meaning: 'The login of the account.', example: 'hospital-api' }),
  password: setting(read.someSecret, {
    meaning: 'Its password.',
    example: '${file:/run/secrets/dialog-health}',
    secret: true,
  }),
  method: setting(read.oneOf(['auto', 'GET', 'PUT']), {
    meaning: 'The verb; the vendor’s page says GET, its sample PUT. auto finds out.',
    example: 'PUT',
    default: 'auto',
  }),
  timestampFormat: setting(read.oneOf(['auto', 'MM/dd/yyyy HH:mm:ss', 'yyyy-MM-dd HH:mm:ss']), {
    meaning: 'How times are written in the request; page and sample differ. auto finds out.',
    example: 'MM/dd/yyyy HH:mm:ss',
    default: 'auto',
  }),
  timezone: setting(read.timeZone, {
    meaning: 'Time zone of the schedule.',
    example: 'America/Chicago',
    default: 'UTC',
  }),
  ...network('Dialog Health'),
  patient: patientOverrides,
  startAt: setting(read.optionalInstant, {
    meaning: 'Where reading begins when the ledger is empty.',
    example: '2026-01-01T00:00:00Z',
    default: '',
    shownDefault: 'seven days before the first start',
  }),
  schedule: setting(read.cron, { meaning: 'When it is read (cron).', example: '*/5 * * * *', default: '*/5 * * * *' }),
  requestsPerHour: setting(read.wholeNumber(1, 100_000), {
    meaning: 'The most requests in any sixty minutes.',
    example: '240',
    default: '240',
  }),
  settleDelay: setting(duration({ least: '0s', most: '6h' }), {
    meaning: 'How old a minute must be before it is read: the newest records may still be on their way.',
    example: '2m',
    default: '2m',
  }),
  lateness: setting(duration({ least: '1h', most: '90d' }), {
    meaning: 'How late a record or a status may still appear.',
    example: '7d',
    default: '7d',
  }),
  maxResponseBytes: setting(bytes({ least: '1KiB', most: '64GiB' }), {
    meaning: 'The largest answer that is read, after decompression.',
    example: '1GiB',
    default: '1GiB',
  }),
  rowCap: optional(read.wholeNumber(50, 10_000_000), {
    meaning:
      'At how many rows the vendor cuts its answers off, where that is known; else it is learned. Such an answer is read in parts.',
    example: '10000',
  }),
  timeout: setting(duration({ least: '1s', most: '1h' }), {
    meaning: 'For one whole request, its answer included.',
    example: '120s',
    default: '120s',
  }),
});

const assumed = (what: string) =>
  optional(read.flag, { meaning: `Whether the EHR ${what}, where /metadata does not tell.`, example: 'true' });

const dialect = setting(read.name, {
  meaning:
    'What the EHR insists on having otherwise: r4 (nothing), r4-strict, oracle-health or epic. auto asks the EHR’s $validate, where it offers one, and is r4 where it does not.',
  example: 'r4-strict',
  default: 'auto',
});

const destination = group({
  kind: setting(read.oneOf(['fhir-server', 'bundle-files', 'bundle-http']), {
    meaning:
      'What it is: a FHIR server; or an integration engine that takes Bundles, as files in a folder or at a listener of its own.',
    example: 'fhir-server',
    default: 'fhir-server',
  }),
  url: optional(read.webAddress, {
    meaning: 'The base of the FHIR server; for bundle-http the listener.',
    example: 'https://ehr.example.org/fhir',
    shownDefault: '**must be given**, but for bundle-files',
  }),
  folder: setting(read.text, {
    meaning: 'For bundle-files: the folder that Bundles are written into. It must be there.',
    example: '/var/spool/sms-bundles',
    default: '',
  }),
  auth: group({
    kind: setting(read.oneOf(['none', 'basic', 'bearer', 'client-credentials', 'backend-services']), {
      meaning: 'How to log in to the EHR; backend-services is that of SMART, by keys.',
      example: 'backend-services',
      default: 'none',
    }),
    username: setting(read.login, { meaning: 'For basic.', example: 'sms-writer', default: '' }),
    password: setting(read.secret, {
      meaning: 'For basic.',
      example: '${file:/run/secrets/ehr}',
      default: '',
      secret: true,
    }),
    token: setting(read.secret, {
      meaning: 'For bearer.',
      example: '${EHR_TOKEN}',
      default: '',
      secret: true,
    }),
    tokenFile: setting(read.text, {
      meaning: 'For bearer: the file that holds the token; read again when the EHR refuses it.',
      example: '/run/secrets/ehr-token',
      default: '',
    }),
    tokenUrl: setting(read.exactAddress, {
      meaning: 'For client-credentials and backend-services: the token endpoint. It is reached as the EHR is.',
      example: 'https://ehr.example.org/oauth2/token',
      default: '',
    }),
    discovery: setting(read.flag, {
      meaning: 'Whether the EHR’s .well-known/smart-configuration tells the token endpoint, in place of tokenUrl.',
      example: 'true',
      default: 'false',
    }),
    tokenOrigin: setting(read.origin, {
      meaning: 'For discovery: the only origin that the token endpoint may have; empty: that of destination.url.',
      example: 'https://login.ehr.example.org',
      default: '',
    }),
    clientId: setting(read.text, {
      meaning: 'For both: the id that the EHR gave the client.',
      example: 'sms-bridge',
      default: '',
    }),
    clientSecret: setting(read.secret, {
      meaning: 'For client-credentials.',
      example: '${file:/run/secrets/ehr-client}',
      default: '',
      secret: true,
    }),
    scope: setting(read.text, {
      meaning:
        'For both: what is asked for, with spaces; check prints the least. Empty: what the client may do anyway.',
      example: 'system/Communication.crus system/Patient.rs',
      default: '',
    }),
    keys: z
      .array(
        group({
          file: setting(read.someText, {
            meaning:
              'For backend-services: a file with a private key (PEM, JWK or JWKS). The first that is there signs; all that are there are published.',
            example: '/run/secrets/ehr-key.pem',
          }),
          kid: setting(read.text, {
            meaning: 'Its name; empty: that in the file, or its thumbprint.',
            example: 'sms-2026',
            default: '',
          }),
          alg: setting(read.oneOf(['auto', 'RS384', 'ES384']), {
            meaning: 'How it signs; auto: as it can.',
            example: 'ES384',
            default: 'auto',
          }),
        }),
      )
      .prefault([]),
    jwksUrl: setting(read.exactAddress, {
      meaning: 'For backend-services: where the EHR finds the public keys, told with each login (jku).',
      example: 'https://sms.your-hospital.org/jwks.json',
      default: '',
    }),
    jwks: group({
      port: setting(read.optionalPort, {
        meaning: 'For backend-services: a port of its own that serves the public keys while serve runs.',
        example: '8082',
        default: '',
        shownDefault: 'none',
      }),
      host: setting(read.someText, { meaning: 'Its address.', example: '0.0.0.0', default: '127.0.0.1' }),
    }),
  }),
  deliver: optional(read.oneOf(['always', 'final']), {
    meaning:
      'Which messages are sent: always each, and again when its status changes; or final: each once its status is final, or lateness after it was sent.',
    example: 'final',
    shownDefault: 'always; final where the EHR offers no update',
  }),
  acceptUnsuitable: setting(read.flag, {
    meaning: 'Take an EHR whose Communication is something else (a staff inbox).',
    example: 'true',
    default: 'false',
  }),
  write: setting(read.oneOf(['auto', 'put-by-id', 'conditional-update', 'conditional-create', 'search-then-create']), {
    meaning: 'How a Communication is written; auto chooses by what the EHR offers.',
    example: 'put-by-id',
    default: 'auto',
  }),
  bundle: group({
    type: setting(read.oneOf(['auto', 'batch', 'transaction', 'none']), {
      meaning: 'How several go in one request; none sends each alone.',
      example: 'batch',
      default: 'auto',
    }),
    maxEntries: setting(read.wholeNumber(1, 5_000), { meaning: 'The most in one.', example: '100', default: '100' }),
    maxBytes: setting(bytes({ least: '16KiB', most: '256MiB' }), {
      meaning: 'The largest.',
      example: '4MiB',
      default: '4MiB',
    }),
  }),
  concurrency: setting(read.wholeNumber(1, 32), {
    meaning: 'Requests at once, at most: it begins with one, and halves that when the EHR slows down or throttles.',
    example: '2',
    default: '2',
  }),
  maxBacklog: setting(read.wholeNumber(1, 1_000_000_000), {
    meaning:
      'Messages still to be sent from which on nothing more is read, until the EHR has taken some. Looked at before each window.',
    example: '1000000',
    default: '1000000',
  }),
  timeout: setting(duration({ least: '1s', most: '1h' }), {
    meaning: 'For one whole request, its answer included.',
    example: '60s',
    default: '60s',
  }),
  dialect,
  ...network('the EHR'),
  assume: group({
    create: assumed('creates a Communication'),
    update: assumed('updates a Communication by its id'),
    updateCreate: assumed('lets clients choose ids'),
    conditionalCreate: assumed('creates a Communication only where an identifier finds none'),
    conditionalUpdate: assumed('updates what an identifier finds'),
    identifierSearch: assumed('finds a Communication by its identifier'),
    transaction: assumed('takes transactions'),
    batch: assumed('takes batches'),
    patientSearch: assumed('finds a Patient by its identifier'),
    identifierReferences: assumed('keeps a reference to a Patient that has an identifier and nothing else'),
  }),
});

export const patientSection = group({
  reference: setting(reference, patientFacts.reference),
  from: setting(read.oneOf(person), patientFacts.from),
  system: setting(read.system, patientFacts.system),
  missing: setting(missing, patientFacts.missing),
  maxWait: setting(maxWait, patientFacts.maxWait),
  verify: setting(verify, patientFacts.verify),
});

export const mappingSection = group({
  folder: setting(read.someText, {
    meaning: 'A folder of yours, by its path, that holds what you map otherwise; it lies over dialog-health.',
    example: './our-mapping',
    default: 'dialog-health',
  }),
  canonicalBase: setting(read.canonicalBase, {
    meaning:
      'Yours, for ever in the charts: the root of identifier systems and extension URLs. May be left out for an EHR on the loopback.',
    example: 'https://fhir.your-hospital.org',
    default: '',
    shownDefault: 'none; must be given',
  }),
  region: setting(read.region, {
    meaning: 'The country whose phone numbers are written without a country code; empty: none.',
    example: 'US',
    default: 'US',
  }),
  keySecret: setting(read.keySecret, {
    meaning:
      'Makes the keys of rows without a message id, for ever: 16 characters or more, such as generate-key makes. Empty: such rows are set apart.',
    example: '${file:/run/secrets/key-secret}',
    default: '',
    secret: true,
  }),
  organization: group({
    system: setting(read.system, {
      meaning: 'The identifier of your organization: its system.',
      example: 'https://fhir.your-hospital.org/sid/organization',
      default: '',
    }),
    value: setting(read.text, { meaning: 'Its value.', example: 'main-campus', default: '' }),
    display: setting(read.text, { meaning: 'Its name.', example: 'Example Hospital', default: '' }),
    reference: setting(read.reference, {
      meaning: 'The EHR’s own resource for it, where there is one.',
      example: 'Organization/12',
      default: '',
    }),
  }),
  profile: setting(read.flag, {
    meaning: 'Whether a Communication names our profile; validating servers refuse one that they do not hold.',
    example: 'true',
    default: 'false',
  }),
  narrative: setting(read.flag, {
    meaning: 'Whether it carries a narrative, which repeats the text of the message.',
    example: 'true',
    default: 'false',
  }),
  labels: setting(read.names, {
    meaning: 'Its security labels, with commas: codings of codes.yaml, such as restricted and test-data.',
    example: 'restricted',
    default: '',
  }),
});

const ledger = group({
  url: setting(read.ledgerUrl, {
    meaning: 'Where the ledger is: sqlite:PATH or postgres://….',
    example: 'sqlite:/data/ledger.db',
    default: 'sqlite:data/ledger.db',
    secret: true,
  }),
  encryptionKey: setting(read.encryptionKey, {
    meaning: 'Encrypts message texts in the ledger: 32 bytes in base64, made by generate-key.',
    example: '${file:/run/secrets/ledger-key}',
    default: '',
    secret: true,
  }),
  retention: setting(duration({ least: '1d', most: '4000d' }), {
    meaning:
      'How long run reports, the list of windows and the content of messages kept out of the chart are kept; which message was delivered is kept for ever.',
    example: '400d',
    default: '400d',
  }),
});

const user = group({
  name: setting(read.name, { meaning: 'The user’s name.', example: 'ops' }),
  passwordHash: setting(read.passwordHash, {
    meaning: 'The hash of the password, made by hash-password.',
    example: '${OPS_PASSWORD_HASH}',
    secret: true,
  }),
  role: setting(read.oneOf(['viewer', 'operator', 'admin']), {
    meaning: 'What the user may do: look, act, see what may hold patient data.',
    example: 'operator',
  }),
});

const http = group({
  port: setting(read.wholeNumber(0, 65_535), {
    meaning: 'The port; 0: any free one.',
    example: '8080',
    default: '8080',
  }),
  host: setting(read.someText, { meaning: 'The address.', example: '0.0.0.0', default: '127.0.0.1' }),
  tls: group({
    certificate: setting(read.text, {
      meaning: 'File with the certificate (PEM).',
      example: '/etc/ssl/us.pem',
      default: '',
    }),
    key: setting(read.text, { meaning: 'File with its key (PEM).', example: '/etc/ssl/us.key', default: '' }),
    clientCa: setting(read.text, {
      meaning: 'File with the CA of clients: only those with a certificate get a connection (PEM).',
      example: '/etc/ssl/clients.pem',
      default: '',
    }),
  }),
  trustedProxies: setting(read.networks, {
    meaning:
      'Addresses or subnets of proxies in front, with commas: their X-Forwarded-For is believed, so that failed logins count for the client’s own address.',
    example: '10.0.0.0/8',
    default: '',
  }),
  users: z.array(user).prefault([]),
});

export const configSchema = group({
  sources: z.tuple([source], source),
  destination,
  patient: patientSection,
  mapping: mappingSection,
  ledger,
  http,
  log: group({
    level: setting(read.oneOf(['info', 'warn', 'error']), {
      meaning: 'The least level that is logged.',
      example: 'warn',
      default: 'info',
    }),
  }),
});

/** What a translation needs: the mapping, and whose rows they are. */
export const translateSchema = z.object({
  sources: z
    .array(
      z.object({
        name: setting(read.text, { meaning: 'As for the service.', example: 'main-clinic', default: 'example' }),
        console: setting(read.text, { meaning: 'As for the service.', example: 'SIDJUL8079', default: 'example' }),
        patient: patientOverrides,
      }),
    )
    .prefault([]),
  destination: partOfGroup({ dialect }),
  patient: patientSection,
  mapping: mappingSection,
});

/** As they stand in the file. */
export type ServiceSettings = z.output<typeof configSchema>;
export type TranslateSettings = z.output<typeof translateSchema>;

type WrittenSource = ServiceSettings['sources'][number];

/** Durations in milliseconds, sizes in bytes, moments as `Instant`. */
export type SourceConfig = Omit<WrittenSource, 'startAt'> & { readonly startAt: number };

export type DestinationConfig = Omit<ServiceSettings['destination'], 'auth' | 'url'> & {
  /** Empty for `bundle-files`. */
  readonly url: string;
  readonly auth: AuthConfig;
};

type WrittenAuth = ServiceSettings['destination']['auth'];

export type AuthConfig = Omit<WrittenAuth, 'tokenFile' | 'token' | 'keys'> & {
  /** Also where it stands in a file of its own. */
  readonly token: Secret;
  readonly keys: readonly (Omit<WrittenAuth['keys'][number], 'file'> & {
    /** The content of its file now; undefined where it cannot be read. */
    readonly text: () => string | undefined;
  })[];
};

export interface Config extends Omit<ServiceSettings, 'sources' | 'destination'> {
  readonly sources: readonly [SourceConfig, ...SourceConfig[]];
  readonly destination: DestinationConfig;
}

/** A source as far as its mapping goes by it. */
export type MappedSource = Pick<WrittenSource, 'name' | 'console' | 'patient'>;

export interface TranslateConfig extends Pick<Config, 'mapping' | 'patient'> {
  readonly destination: Pick<DestinationConfig, 'dialect'>;
  readonly sources: readonly [MappedSource, ...MappedSource[]];
}
