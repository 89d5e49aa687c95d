import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { auditFields, auditLevels } from '../../src/audit/audit-event.ts';
import { messageResultFields } from '../../src/sources/dialog-health/message-result.ts';

const source = readFileSync(new URL('../../src/audit/audit-event.ts', import.meta.url), 'utf8');
const union = source.slice(source.indexOf('export type AuditEvent ='), source.indexOf('export type AuditEventName'));
const names = [...union.matchAll(/readonly event: ([^;}]+)/g)].flatMap(([, all = '']) => all.match(/\w+/g) ?? []);
const fields = [...union.matchAll(/readonly (\w+): ([^;}]+)/g)].map(([, name = '', type = '']) => ({
  name,
  type: type.trim(),
}));
const ofRows = new Set<string>(messageResultFields);

describe('the events of the log', () => {
  it('are named in snake_case, each once', () => {
    expect(names.length).toBeGreaterThan(20);
    expect(names.every((name) => /^[a-z]+(?:_[a-z]+)*$/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(Object.keys(auditLevels)));
  });

  it('have no field of a row, but for a count of the same name', () => {
    const shared = fields.filter(({ name }) => ofRows.has(name));
    expect(shared).toEqual([{ name: 'delivered', type: 'number' }]);
  });

  it('have no field that is called after a person, a text or a body', () => {
    const personal =
      /person|patient|mobile|phone|caregiver|text|body|payload|content|row$|password|token|secret|diagnostics/i;
    expect(Object.keys(auditFields).filter((name) => personal.test(name))).toEqual([]);
  });

  it('hold plain values only: an object could hold anything', () => {
    const plain = /^(?:string|number|boolean|null|readonly string\[\]|RecordKey|ProblemCode|RunTrigger|Tier|'[^']+')$/;
    const parts = fields.flatMap(({ type }) => type.split('|').map((part) => part.trim()));
    expect(parts.filter((part) => part !== '' && !plain.test(part))).toEqual([]);
  });

  it('have as free text what was looked at, and nothing else', () => {
    const free = fields.filter(({ type }) => /\bstring\b/.test(type)).map(({ name }) => name);
    expect([...new Set(free)].toSorted()).toEqual([
      ...[
        'address',
        'backfillId',
        'bundle',
        'destination',
        'dialect',
        'dueAt',
        'elements',
        'errorCode',
        'errorName',
        'field',
        'from',
        'host',
        'issue',
      ],
      ...['operation', 'reference', 'requestId', 'retryAt', 'runId', 'source', 'sources', 'to', 'user'],
      ...['userFingerprint', 'version', 'where', 'write'],
    ]);
  });
});
