import { describe, expect, it } from 'vitest';
import { previewLines } from '../../src/commands/preview-lines.ts';
import type { Held } from '../../src/exchange/delivery.ts';
import type { ProblemCode } from '../../src/exchange/problem.ts';
import type { SourceRecord } from '../../src/exchange/record.ts';
import { gatherMessages } from '../../src/sync/gathering.ts';
import { ehrFailure, previewReport, previewWindow, type Looked } from '../../src/sync/preview.ts';
import { message, plainMapping, reading } from '../support/scripted.ts';

const now = Date.UTC(2026, 2, 5, 14, 7, 31);
const at = (hour: number, minute: number): number => Date.UTC(2026, 2, 5, hour, minute);
const minuteMs = 60_000;

describe('the window of a preview', () => {
  it('is the newest hour that is settled when no range is given', () => {
    expect(previewWindow(undefined, now, 2 * minuteMs)).toEqual({ from: at(13, 5), to: at(14, 5) });
  });

  it('is the range, in whole minutes', () => {
    const range = { from: at(9, 0) + 1, to: at(10, 0) + 1 };
    expect(previewWindow(range, now, 2 * minuteMs)).toEqual({ from: at(9, 0), to: at(10, 1) });
  });

  it('ends now at the latest, and is never empty', () => {
    expect(previewWindow({ from: at(14, 0), to: at(23, 0) }, now, 0)).toEqual({ from: at(14, 0), to: at(14, 7) });
    expect(previewWindow({ from: at(14, 7), to: at(23, 0) }, now, 0)).toEqual({ from: at(14, 7), to: at(14, 8) });
  });
});

describe('the report of a preview', () => {
  const ready = { kind: 'ready', write: 'put-by-id', bundle: 'batch', why: 'scripted' } as const;
  const window = { from: at(13, 0), to: at(14, 0) };
  const asked = { source: 'main-clinic', window, ehr: ready, dialect: { name: 'r4', why: 'scripted' } } as const;

  function mapped(record: SourceRecord, held: Held, findings: readonly string[] = []): Looked {
    const made = plainMapping.map(record);
    if (made.kind !== 'communication') throw new Error('the plain mapping maps everything');
    return { record, mapped: made, held, findings };
  }
  const left = (id: string, kind: 'skipped' | 'rejected', code: ProblemCode): Looked => ({
    record: message(id),
    mapped: { kind, problem: { code } },
  });
  const held = (record: SourceRecord, more: Readonly<Record<string, unknown>> = {}): Held => {
    const looked = mapped(record, { kind: 'absent' });
    const resource = 'held' in looked ? looked.mapped.resource : {};
    return {
      kind: 'there',
      reference: 'Communication/server-1',
      version: '3',
      resource: { ...resource, id: 'server-1', meta: { versionId: '3' }, ...more },
    };
  };
  const reportOf = (...looked: readonly Looked[]) => previewReport(asked, gatherMessages(), looked);

  it('tells what would be created, changed in which elements, and left as it is', () => {
    const report = reportOf(
      mapped(message('new'), { kind: 'absent' }),
      mapped(message('changed', 'DELIVERED'), held(message('changed', 'SENT'))),
      mapped(message('same'), held(message('same'))),
    );
    expect(report.messages).toMatchObject([
      { state: 'create', direction: 'outgoing', resource: { statusReason: { text: 'SENT' } } },
      {
        state: 'update',
        reference: 'Communication/server-1',
        version: '3',
        differences: [{ element: 'statusReason.text', ours: 'DELIVERED', theirs: 'SENT' }],
      },
      { state: 'unchanged', reference: 'Communication/server-1' },
    ]);
    expect(report.summary).toMatchObject({ create: 1, update: 1, unchanged: 1, unknown: 0, notValid: 0 });
  });

  it('tells what somebody else changed at the EHR, and that it stays so', () => {
    const foreign = { code: 'changed-at-ehr', where: 'Communication.note' } as const;
    const at = { ...held(message('changed', 'SENT')), foreign };
    const report = reportOf(
      mapped(message('changed', 'DELIVERED'), at),
      mapped(message('same'), held(message('same'))),
    );
    expect(report.messages).toMatchObject([
      { state: 'foreign', problem: foreign, version: '3', differences: [{ element: 'statusReason.text' }] },
      { state: 'unchanged' },
    ]);
    expect(report.summary).toMatchObject({ foreign: 1, update: 0, unchanged: 1 });
    expect(previewLines(report).join('\n')).toContain('statusReason.text: "SENT" stays, not "DELIVERED"');
    expect(previewLines(report).at(-1)).toContain('1 unchanged, 1 left as somebody changed them, 0 skipped');
  });

  it('tells why a message would not be written, or what is there cannot be told', () => {
    const report = reportOf(
      left('staff', 'skipped', 'not-for-a-chart'),
      left('who', 'rejected', 'recipient-type-unknown'),
      mapped(message('gone'), { kind: 'unknown', problem: { code: 'deleted-at-ehr' } }),
    );
    expect(report.messages.map((each) => [each.state, 'problem' in each && each.problem.code])).toEqual([
      ['skipped', 'not-for-a-chart'],
      ['rejected', 'recipient-type-unknown'],
      ['unknown', 'deleted-at-ehr'],
    ]);
    expect(report.summary).toMatchObject({ skipped: 1, rejected: 1, unknown: 1, create: 0 });
    expect(ehrFailure(report)).toBeUndefined();
  });

  it('counts what full validation finds fault with beside what would become of it', () => {
    const report = reportOf(mapped(message('bad'), { kind: 'absent' }, ['Communication.sent: is no time']));
    expect(report.messages).toMatchObject([{ state: 'create', findings: ['Communication.sent: is no time'] }]);
    expect(report.summary).toMatchObject({ create: 1, notValid: 1 });
  });

  it('holds the explanation of each message that has one, written or not', () => {
    const explanation = plainMapping.explain(message('a'));
    const report = reportOf(
      { ...mapped(message('a'), { kind: 'absent' }), explanation },
      { ...left('staff', 'skipped', 'not-for-a-chart'), explanation },
    );
    expect(report.messages).toMatchObject([{ explanation }, { explanation }]);
  });

  it('says what was asked, how many rows came, which are none, and how many messages were not looked at', () => {
    const answer = gatherMessages(1);
    const unreadable = { key: 'k', position: 2, problem: { code: 'missing-id' as const }, body: '{"secret": 1}' };
    answer.take([reading(message('a')), reading(message('b')), { kind: 'unreadable', unreadable }]);
    const report = previewReport(asked, answer, []);
    expect(report).toMatchObject({
      source: 'main-clinic',
      from: '2026-03-05T13:00:00Z',
      to: '2026-03-05T14:00:00Z',
      rows: 3,
      more: 1,
      unreadable: [{ position: 2, problem: { code: 'missing-id' } }],
      summary: { unreadable: 1 },
    });
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  it('knows when the EHR could not be asked: at the start, or on the way', () => {
    const problem = { code: 'ehr-unreachable' } as const;
    const failed = { kind: 'failed', problem, why: 'It is not there.' } as const;
    expect(ehrFailure(previewReport({ ...asked, ehr: failed }, gatherMessages(), []))).toEqual(problem);
    expect(ehrFailure(reportOf(mapped(message('a'), { kind: 'unknown', problem })))).toEqual(problem);
    expect(ehrFailure(reportOf(mapped(message('a'), { kind: 'absent' })))).toBeUndefined();
  });
});
