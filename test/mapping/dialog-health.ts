import { fileURLToPath } from 'node:url';
import type { Communication } from 'fhir/r4.js';
import { keySpace } from '../../src/exchange/record-key.ts';
import type { SourceRecord } from '../../src/exchange/record.ts';
import { exampleSettings } from '../../src/mapping/example-settings.ts';
import { loadMapping, type LoadMappingOptions } from '../../src/mapping/load-mapping.ts';
import type { Mapped, Mapping } from '../../src/mapping/mapping.ts';
import type { MappingSettings } from '../../src/mapping/settings.ts';
import { messageResultFields, readMessageResult } from '../../src/sources/dialog-health/message-result.ts';

/** The mapping that comes with the program, and rows for it. */

export const folder = fileURLToPath(new URL('../../mappings/dialog-health', import.meta.url));
export const fields: readonly string[] = messageResultFields;

export const settings = exampleSettings;
export const keys = keySpace(settings.canonicalBase);

export const options: LoadMappingOptions = { layers: [folder], fields, keys, settings };

/** The loaded mapping; a mistake in it fails the test with its place. */
export function loaded(changed: Partial<MappingSettings> = {}): Mapping {
  const result = loadMapping({ ...options, settings: { ...settings, ...changed } });
  if (result.kind === 'loaded') return result.mapping;
  throw new Error(result.problems.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'));
}

type Row = Readonly<Record<string, string | null>>;

/** A message to a patient, delivered; every value invented. */
export const row: Row = {
  ...Object.fromEntries(fields.map((field) => [field, null])),
  outgoingMessageId: '7b2e4f6081a94d3cb5e6f70819a2b3c4',
  outgoingMessageSentDate: '03/07/2024',
  outgoingMessageSentTime: '09:30',
  outgoingMessage: 'An example',
  personName: 'Testperson Alder',
  personId: 'tp-1',
  mobileNumber: '2025550141',
  messageType: 'API Message',
  recipientType: 'PATIENT',
  delivered: 'true',
  messageSentBy: 'System',
};

/** The key of every message without an id in an example. */
const withoutId = keys.withoutId('example');

/** The messages of a row as the source reads them. */
export function messagesOf(changed: Row, mapping = loaded()): readonly SourceRecord[] {
  const nameless = { name: () => ({ kind: 'named', key: withoutId, replyId: withoutId }) as const };
  const context = { source: 's', keys, stageOf: mapping.stageOf, nameless };
  const reading = readMessageResult({ ...row, ...changed }, 0, context);
  if (reading.kind === 'unreadable') throw new Error(`unreadable: ${reading.unreadable.problem.where ?? ''}`);
  return reading.records;
}

/** The outgoing message of a row with any values at all, the source's own reading left out. */
export function anyRecord(body: Row, direction: SourceRecord['direction'] = 'outgoing'): SourceRecord {
  const id = body['outgoingMessageId'] ?? '';
  const outgoing = keys.outgoing(id);
  const reply = keys.reply(id, body['incomingMessage'] ?? '');
  return {
    key: direction === 'outgoing' ? outgoing : reply,
    direction,
    thread: outgoing,
    related: direction === 'outgoing' ? [reply] : [outgoing],
    occurredAt: null,
    stage: { rank: 0, final: false },
    contentDigest: '',
    changeDigest: '',
    body,
  };
}

/** What the mapping makes of a row's outgoing message; a problem fails the test. */
export function communicationOf(mapped: Mapped | undefined): Communication {
  if (mapped?.kind !== 'communication') throw new Error(`no Communication: ${JSON.stringify(mapped)}`);
  return mapped.resource;
}

/** The Communication of the outgoing message of a row. */
export const outgoingOf = (changed: Row, mapping = loaded()): Communication =>
  communicationOf(mapping.map(anyRecord({ ...row, ...changed })));

/** The value of an extension of ours. */
export function extensionOf(resource: Communication, id: string): unknown {
  const url = `${settings.canonicalBase}/StructureDefinition/${id}`;
  const found = resource.extension?.find((each) => each.url === url);
  const [, value] = Object.entries(found ?? {}).find(([name]) => name !== 'url') ?? [];
  return value;
}
