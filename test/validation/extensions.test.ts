import type { ElementDefinition, StructureDefinition } from 'fhir/r4.js';
import { describe, expect, it } from 'vitest';
import { fullValidator } from '../../src/validation/full-validation.ts';
import { caregiver, good } from './messages.ts';

const base = 'https://fhir.example-health.org';

const ours: readonly StructureDefinition[] = [
  extension(
    'carrier',
    ['Communication'],
    [
      { id: 'Extension.extension', path: 'Extension.extension', max: '0' },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', type: [{ code: 'string' }] },
    ],
  ),
  extension(
    'caregiver',
    ['Communication'],
    [
      { id: 'Extension.extension:name', path: 'Extension.extension', min: 1, max: '1' },
      { id: 'Extension.extension:name.url', path: 'Extension.extension.url', fixedUri: 'name' },
      { id: 'Extension.extension:name.value[x]', path: 'Extension.extension.value[x]', type: [{ code: 'string' }] },
      { id: 'Extension.value[x]', path: 'Extension.value[x]', max: '0' },
    ],
  ),
  extension('on-recipient', ['Communication.recipient'], []),
  extension('on-coding', ['Communication.category.coding'], []),
  extension('on-any-reference', ['Reference'], []),
  extension('anywhere', ['Element'], []),
];

const reserved = `${base}/our-`;
const validate = await fullValidator({ definitions: ours, reserved });

const named = (id: string, content: object = { valueString: 'a' }): object => ({ url: `${base}/${id}`, ...content });

describe('an extension', () => {
  it.each([
    ['that is defined', { extension: [named('carrier')] }],
    ['with a part', { extension: [named('caregiver', { extension: [{ url: 'name', valueString: 'a' }] })] }],
    ['of another owner', { extension: [{ url: 'https://other.example/a', valueBoolean: true }] }],
    ['below the same base, with a name of its own', { extension: [named('clinic', { valueBoolean: true })] }],
    ['on an element', { recipient: [{ display: 'a', extension: [named('on-recipient')] }] }],
    ['on an element inside another', { category: [{ coding: [{ code: 'a', extension: [named('on-coding')] }] }] }],
    ['on a type of data', { sender: { display: 'a', extension: [named('on-any-reference')] } }],
    ['on anything', { topic: { text: 'a', extension: [named('anywhere')] } }],
    ['on a primitive', { sent: '2024-03-07', _sent: { extension: [named('anywhere')] } }],
  ])('%s is good', (_, changed) => {
    expect(validate({ ...good, ...changed })).toEqual([]);
  });

  const [place, first] = ['may not stand here', 'Communication.extension[0]'];
  it.each([
    [
      'on another element',
      { topic: { text: 'a', extension: [named('carrier')] } },
      `Communication.topic.extension[0]: ${place}`,
    ],
    ['on the message', { extension: [named('on-recipient')] }, `${first}: ${place}`],
    ['on a resource, though defined for elements', { extension: [named('anywhere')] }, `${first}: ${place}`],
    [
      'on what is contained',
      { contained: [{ ...caregiver, extension: [named('carrier')] }], sender: { reference: '#c' } },
      `Communication.contained[0].extension[0]: ${place}`,
    ],
    [
      'inside another',
      { extension: [{ url: 'https://other.example/a', extension: [named('carrier')] }] },
      `${first}.extension[0]: ${place}`,
    ],
    [
      'with a value of another type',
      { extension: [named('carrier', { valueCode: 'a' })] },
      `${first}: takes valueString`,
    ],
    [
      'with parts where it takes a value',
      { extension: [named('carrier', { extension: [{ url: 'name', valueString: 'a' }] })] },
      `${first}: has a part that it does not know`,
    ],
    [
      'with a value where it takes parts',
      { extension: [named('caregiver')] },
      `${first}: takes no value\n${first}: has "name" 0 times`,
    ],
    [
      'with a part twice',
      { extension: [named('caregiver', { extension: [1, 2].map(() => ({ url: 'name', valueString: 'a' })) })] },
      `${first}: has "name" 2 times`,
    ],
    [
      'with a part of another type',
      { extension: [named('caregiver', { extension: [{ url: 'name', valueCode: 'a' }] })] },
      `${first}: "name" takes valueString`,
    ],
    [
      'called as ours are, and not defined',
      { extension: [named('our-nothing')] },
      `${first}: is defined nowhere; urls that begin with ${reserved} are those of this program`,
    ],
    [
      'of a url that is not absolute',
      { extension: [{ url: 'name', valueString: 'a' }] },
      `${first}: has a url that is not absolute`,
    ],
  ])('%s is a fault', (_, changed, fault) => {
    expect(validate({ ...good, ...changed }).join('\n')).toBe(fault);
  });
});

function extension(id: string, contexts: readonly string[], element: ElementDefinition[]): StructureDefinition {
  return {
    resourceType: 'StructureDefinition',
    url: `${base}/${id}`,
    name: id,
    status: 'active',
    kind: 'complex-type',
    abstract: false,
    type: 'Extension',
    derivation: 'constraint',
    context: contexts.map((expression) => ({ type: 'element', expression })),
    differential: { element },
  };
}
