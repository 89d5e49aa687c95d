import { isLoopback } from './check-config.ts';
import type { Config, ServiceSettings, TranslateConfig, TranslateSettings } from './config.ts';
import type { ConfigFiles } from './file-text.ts';
import { Secret } from './secret.ts';

/** Stands in for a canonical base where nothing leaves the machine: a trial, a translation. */
export const exampleBase = 'https://dialog-health-fhir.example/fhir';
const firstReadMs = 7 * 24 * 3_600_000;

/** Fills in what follows from the rest, and says what is allowed but seldom meant. */
export function finishedConfig(
  settings: ServiceSettings,
  files: ConfigFiles,
  now: number,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const { destination, http, mapping } = settings;
  const [first, ...others] = settings.sources;
  const startAt = now - firstReadMs;
  const started = (source: ServiceSettings['sources'][number]) => ({ ...source, startAt: source.startAt ?? startAt });
  const { tokenFile, keys, ...auth } = destination.auth;
  const config: Config = {
    ...settings,
    sources: [started(first), ...others.map(started)],
    destination: {
      ...destination,
      url: destination.url ?? '',
      auth: {
        ...auth,
        token: tokenFile === '' ? auth.token : tokenIn(tokenFile, files),
        keys: keys.map(({ file, ...key }) => ({ ...key, text: () => textIn(file, files) })),
      },
    },
    mapping: based(mapping),
  };
  const warnings = config.sources
    .filter((source) => source.startAt > now)
    .map(({ name }) => `startAt of ${name} is in the future: what is older will never be read.`);
  if (http.users.length === 0) {
    warnings.push('http.users is empty: nobody can log in, and only /livez and /readyz answer.');
  }
  if (http.users.length > 0 && http.tls.certificate === '' && !isLoopback(`http://${hostOf(http.host)}`)) {
    warnings.push('http.tls is not set: passwords cross the network unencrypted unless a proxy in front ends TLS.');
  }
  return { config, warnings };
}

export function finishedTranslateConfig(settings: TranslateSettings): TranslateConfig {
  const { sources, destination, patient, mapping } = settings;
  const [first = { name: 'example', console: 'example', patient: {} }] = sources;
  return { sources: [first], destination, patient, mapping: based(mapping) };
}

const based = <Mapping extends { readonly canonicalBase: string }>(mapping: Mapping): Mapping => ({
  ...mapping,
  canonicalBase: mapping.canonicalBase === '' ? exampleBase : mapping.canonicalBase,
});

function tokenIn(file: string, files: ConfigFiles): Secret {
  const read = (): string | undefined => textIn(file, files);
  return new Secret(read() ?? '').follow(read);
}

function textIn(file: string, files: ConfigFiles): string | undefined {
  const content = files.read(file, { secret: true });
  return content.kind === 'text' ? content.text : undefined;
}

const hostOf = (host: string): string => (host.includes(':') ? `[${host}]` : host);
