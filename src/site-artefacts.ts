import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Communication, Resource } from 'fhir/r4.js';
import { artefacts } from './artefacts/artefacts.ts';
import type { ExampleMessage } from './artefacts/guide.ts';
import type { Artefact, ArtefactFile } from './artefacts/packaged.ts';
import type { TranslateConfig } from './config/config.ts';
import { readListedCodes } from './mapping/listed-codes.ts';
import { mappingLayers, packagedMapping } from './parts.ts';
import { sourceKinds } from './sources/registry.ts';
import { makeTranslator, type Translator } from './translator.ts';

/** Rows of the examples that come with the mapping, together showing every extension; what each shows. */
const examples = [
  { row: 'delivered', name: 'delivered', shows: 'A message that was delivered, of a campaign and a broadcast.' },
  {
    row: 'invalid-phone',
    name: 'invalid-phone',
    shows: 'A message that was not delivered, with a code of HL7 for why.',
  },
  {
    row: 'broadcast-rejected',
    name: 'rejected',
    shows: 'A message that was not delivered, with the word of the vendor for why and all five misc fields.',
  },
  { row: 'caregiver-on-file', name: 'caregiver-on-file', shows: 'A message to a patient with a caregiver on file.' },
  {
    row: 'caregiver',
    name: 'to-caregiver',
    shows: 'A message to a caregiver.',
    reply: { name: 'from-caregiver', shows: 'What the caregiver wrote.' },
  },
  {
    row: 'reply',
    name: 'with-reply',
    shows: 'A message to which a text came in.',
    reply: { name: 'reply', shows: 'The text that came in.' },
  },
] as const;

/**
 * The conformance artefacts of a site as it is configured: its base, its mapping, its dialect. Throws `Refused` where the
 * mapping cannot be loaded.
 */
export async function siteArtefacts(
  config: TranslateConfig,
): Promise<readonly ArtefactFile<Artefact | Communication>[]> {
  const { canonicalBase: base, organization } = config.mapping;
  const translate = makeTranslator(forExamples(config));
  const made = await Promise.all(examples.map((example) => messagesOf(example, translate)));
  return artefacts({
    base,
    codes: readListedCodes(mappingLayers(config, config.destination.dialect), sourceKinds['dialog-health'].fields),
    examples: made.flat(),
    ...(organization.display === '' ? {} : { publisher: organization.display }),
  });
}

/** The examples claim the profile that they are examples of, and their rows have the person in `personId`. */
function forExamples(config: TranslateConfig): TranslateConfig {
  const { organization } = config.mapping;
  const nobody = organization.display === '' && organization.value === '';
  const from = { from: 'personId' } as const;
  const [first] = config.sources;
  return {
    ...config,
    sources: [{ ...first, patient: { ...first.patient, ...from } }],
    patient: { ...config.patient, ...from },
    mapping: {
      ...config.mapping,
      profile: true,
      organization: nobody ? { ...organization, display: 'Example Clinic' } : organization,
    },
  };
}

/** A message that this mapping keeps out of the chart is no example. */
async function messagesOf(example: (typeof examples)[number], translate: Translator): Promise<ExampleMessage[]> {
  const row: unknown = JSON.parse(readFileSync(join(packagedMapping, 'examples', example.row, 'row.json'), 'utf8'));
  const answer = await translate([Buffer.from(JSON.stringify({ requestId: '', response: [row] }))]);
  if (answer.kind === 'not-an-answer') return [];
  const resources = (answer.translation.bundle.entry ?? []).map(({ resource }) => resource);
  return resources.filter(isCommunication).map((resource) => {
    const { name, shows } = 'reply' in example && isReply(resource) ? example.reply : example;
    return { name, description: shows, resource };
  });
}

const isCommunication = (resource: Resource | undefined): resource is Communication =>
  resource?.resourceType === 'Communication';

const isReply = ({ identifier = [] }: Communication): boolean =>
  identifier.some(({ system }) => system?.endsWith('/sid/sms-reply-key'));
