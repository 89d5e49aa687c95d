import { checkAuth } from './check-auth.ts';
import { checkKind } from './check-kind.ts';
import type { ServiceSettings } from './config.ts';
import { checkPatient } from './check-patient.ts';
import { readCron } from './cron-expression.ts';
import type { ConfigFiles } from './file-text.ts';
import type { Mistake, SettingPath } from './setting-mistakes.ts';

/** What the settings say together that cannot be. */
export function checkConfig(config: ServiceSettings, files: ConfigFiles): readonly Mistake[] {
  const { sources, destination, http, mapping, patient } = config;
  return [
    ...sources.flatMap((source, index) => checkSource(source, ['sources', index], sources.length, files)),
    ...doubles(
      sources.map(({ name }) => name),
      (index) => ['sources', index, 'name'],
    ),
    // What looks for nobody says so itself.
    ...(destination.kind === 'fhir-server'
      ? sources.flatMap((source, index) => checkPatient(source.patient, patient, ['sources', index, 'patient']))
      : []),
    ...checkKind(config),
    ...checkAddress(destination, ['destination'], files),
    ...checkAuth(destination, files),
    ...checkTls(http.tls, ['http', 'tls'], files),
    ...checkOrganization(mapping.organization),
    ...doubles(
      http.users.map(({ name }) => name),
      (index) => ['http', 'users', index, 'name'],
    ),
    ...(mapping.canonicalBase === '' && leavesThisMachine(destination)
      ? [
          {
            path: ['mapping', 'canonicalBase'],
            goesBy: [['destination', 'url']],
            message:
              'must be set: it stands in the charts for ever, in identifiers and extension URLs, so it is yours to choose. Example: https://fhir.your-hospital.org',
          },
        ]
      : []),
  ];
}

type SourceSettings = ServiceSettings['sources'][number];

function checkSource(source: SourceSettings, path: SettingPath, count: number, files: ConfigFiles): readonly Mistake[] {
  const { schedule, requestsPerHour, lateness, settleDelay, patient } = source;
  const cron = readCron(schedule);
  const mistakes: Mistake[] = [...checkAddress(source, path, files)];
  if (cron.kind === 'valid' && cron.runsPerHour > requestsPerHour) {
    mistakes.push({
      path: [...path, 'requestsPerHour'],
      goesBy: [[...path, 'schedule']],
      message: `is less than the ${cron.runsPerHour} runs an hour of the schedule, and each needs a request. Example: ${cron.runsPerHour * 2}`,
    });
  }
  if (lateness < settleDelay) {
    mistakes.push({
      path: [...path, 'lateness'],
      goesBy: [[...path, 'settleDelay']],
      message: 'is shorter than settleDelay. Example: 7d',
    });
  }
  if (count > 1 && Object.keys(patient).length === 0) {
    mistakes.push({
      path: [...path, 'patient'],
      goesBy: ['reference', 'from', 'system'].map((name) => [...path, 'patient', name]),
      message:
        'must be set in each source when there are several: person ids of one console mean nothing in another. Example: {system: "urn:oid:2.16.840.1.113883.3.42"}',
    });
  }
  return mistakes;
}

/** Where files go from their folder is not known here. Without an address that must be there, nothing is. */
const leavesThisMachine = ({ kind, url }: ServiceSettings['destination']): boolean =>
  kind === 'bundle-files' || (url !== undefined && !isLoopback(url));

interface Address extends Pick<SourceSettings, 'allowHttp' | 'tls'> {
  readonly url?: string;
}

function checkAddress({ url, allowHttp, tls }: Address, path: SettingPath, files: ConfigFiles): readonly Mistake[] {
  const open = url !== undefined && new URL(url).protocol === 'http:' && !allowHttp && !isLoopback(url);
  const mistake = {
    path: [...path, 'url'],
    goesBy: [[...path, 'allowHttp']],
    message: 'is http, so patient data would cross the network unencrypted. Write https, or set allowHttp: true.',
  };
  return [...(open ? [mistake] : []), ...checkTls(tls, [...path, 'tls'], files)];
}

function checkTls(tls: { readonly [file: string]: string }, path: SettingPath, files: ConfigFiles): readonly Mistake[] {
  const unreadable = Object.entries(tls).flatMap(([name, file]) => {
    if (file === '') return [];
    const content = files.read(file, { secret: name === 'key' });
    return content.kind === 'text'
      ? []
      : [{ path: [...path, name], message: `The file ${file} ${content.reason}. Name a PEM file.` }];
  });
  const { certificate = '', key = '' } = tls;
  if ((certificate === '') === (key === '')) return unreadable;
  const missing = certificate === '' ? 'certificate' : 'key';
  const given = missing === 'key' ? 'certificate' : 'key';
  return [
    ...unreadable,
    {
      path: [...path, missing],
      goesBy: [[...path, given]],
      message: 'is missing: a certificate and its key belong together.',
    },
  ];
}

function checkOrganization({ system, value }: ServiceSettings['mapping']['organization']): readonly Mistake[] {
  if ((system === '') === (value === '')) return [];
  const [missing, given] = system === '' ? ['system', 'value'] : ['value', 'system'];
  return [
    {
      path: ['mapping', 'organization', missing],
      goesBy: [['mapping', 'organization', given]],
      message: `is missing: system and value make the identifier together. Set it, or leave ${given} out.`,
    },
  ];
}

function doubles(names: readonly string[], path: (index: number) => SettingPath): readonly Mistake[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ path: path(index), message: `"${name}" is there already. Choose another name.` }],
  );
}

/** Whether a web address is on this machine. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
