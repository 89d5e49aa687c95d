import type { ServiceSettings } from './config.ts';
import type { Mistake, SettingPath } from './setting-mistakes.ts';

type DestinationSettings = ServiceSettings['destination'];

/** What the kind of the destination needs, and what is set for another kind: it would be believed in, and do nothing. */
export function checkKind({ destination, patient, sources }: ServiceSettings): readonly Mistake[] {
  const { kind } = destination;
  switch (kind) {
    case 'fhir-server':
      return [...needsUrl(destination), ...strayFolder(destination)];
    case 'bundle-http':
      return [
        ...needsUrl(destination),
        ...strayFolder(destination),
        ...ofFhirServers(destination),
        ...needsPatients(patient, sources, kind),
      ];
    case 'bundle-files':
      return [
        ...needsFolder(destination),
        ...ofNetworks(destination),
        ...ofFhirServers(destination),
        ...needsPatients(patient, sources, kind),
      ];
  }
}

function needsUrl({ url, kind }: DestinationSettings): readonly Mistake[] {
  if (url !== undefined) return [];
  const example = kind === 'bundle-http' ? 'https://engine.example.org:8443/sms' : 'https://ehr.example.org/fhir';
  return [mistake(['destination', 'url'], `must be set. Example: ${example}`)];
}

function needsFolder({ folder }: DestinationSettings): readonly Mistake[] {
  if (folder !== '') return [];
  return [mistake(['destination', 'folder'], 'must be set for bundle-files. Example: /var/spool/sms-bundles')];
}

const strayFolder = ({ folder, kind }: DestinationSettings): readonly Mistake[] =>
  folder === ''
    ? []
    : [
        mistake(
          ['destination', 'folder'],
          `is for bundle-files, and kind is ${kind}. Write kind: bundle-files, or leave folder out.`,
        ),
      ];

/** How one goes to a server; files go nowhere. Proxy and `allowHttp` often come from the environment, for the sources. */
function ofNetworks({ url, auth, tls }: DestinationSettings): readonly Mistake[] {
  const why = 'does not apply to bundle-files, which ask no server. Leave it out, or write kind: bundle-http.';
  return [
    ...(url === undefined ? [] : [mistake(['destination', 'url'], why)]),
    ...(auth.kind === 'none' ? [] : [mistake(['destination', 'auth', 'kind'], why)]),
    ...Object.entries(tls).flatMap(([name, file]) => (file === '' ? [] : [mistake(['destination', 'tls', name], why)])),
  ];
}

/** What only a FHIR server can be asked for. */
function ofFhirServers({ kind, write, bundle, acceptUnsuitable, assume }: DestinationSettings): readonly Mistake[] {
  const always = `does not apply to ${kind}: each Bundle is a batch of PUT Communication/<id>, whatever the EHR behind it offers.`;
  const out = `${always} Leave it out.`;
  return [
    ...(write === 'auto' ? [] : [mistake(['destination', 'write'], out)]),
    ...(bundle.type === 'auto' || bundle.type === 'batch'
      ? []
      : [
          mistake(
            ['destination', 'bundle', 'type'],
            bundle.type === 'none' ? `${always} Write maxEntries: 1 for one message in each.` : out,
          ),
        ]),
    ...(acceptUnsuitable ? [mistake(['destination', 'acceptUnsuitable'], out)] : []),
    ...Object.keys(assume).map((name) => mistake(['destination', 'assume', name], out)),
  ];
}

type SourcePatient = ServiceSettings['sources'][number]['patient'];

/** References that need no look into the EHR. */
const withoutLook: readonly string[] = ['literal', 'identifier'];

function needsPatients(
  patient: ServiceSettings['patient'],
  sources: ServiceSettings['sources'],
  kind: string,
): readonly Mistake[] {
  const untold = `does not apply to ${kind}: whether the EHR has the Patient, and who that is, cannot be asked. Leave it out.`;
  const places: readonly (readonly [SettingPath, SourcePatient])[] = [
    [['patient'], patient],
    ...sources.map((source, index) => [['sources', index, 'patient'], source.patient] as const),
  ];
  return [
    ...places.flatMap(([path, { reference = 'literal', verify = 'none' }]) => [
      ...(withoutLook.includes(reference)
        ? []
        : [
            mistake(
              [...path, 'reference'],
              `is ${reference}, for which the EHR must be asked; ${kind} can ask nobody. Use identifier, or literal where the person id is the EHR’s Patient id.`,
            ),
          ]),
      ...(verify === 'none' ? [] : [mistake([...path, 'verify'], untold)]),
    ]),
    ...(patient.missing === 'wait' ? [] : [mistake(['patient', 'missing'], untold)]),
  ];
}

/** Nothing of it is known where the kind itself, or the whole section, is wrong. */
const mistake = (path: SettingPath, message: string): Mistake => ({
  path,
  message,
  goesBy: [['destination'], ['destination', 'kind']],
});
