import { describe, expect, it } from 'vitest';
import { gatherMessages } from '../../src/sync/gathering.ts';
import { keys, message, reading } from '../support/scripted.ts';

describe('the messages of one vendor answer', () => {
  it('come each once, in the order in which they were first read, over all batches', () => {
    const gathering = gatherMessages();
    gathering.take([reading(message('b')), reading(message('a', 'SENT', 1))]);
    gathering.take([reading(message('a', 'DELIVERED', 3)), reading(message('c'))]);
    expect(gathering.messages().map(({ key }) => key)).toEqual(['b', 'a', 'c'].map((id) => keys.outgoing(id)));
    expect(gathering.messages()[1]?.changeDigest).toBe('DELIVERED');
    expect([gathering.rows(), gathering.more()]).toEqual([4, 0]);
  });

  it('beyond the most that is kept are only counted, each once, and a kept one is still renewed', () => {
    const gathering = gatherMessages(1);
    gathering.take([reading(message('a', 'SENT', 1)), reading(message('b')), reading(message('b'))]);
    gathering.take([reading(message('a', 'DELIVERED', 3)), reading(message('c'))]);
    expect(gathering.messages().map(({ changeDigest }) => changeDigest)).toEqual(['DELIVERED']);
    expect([gathering.rows(), gathering.more()]).toEqual([5, 2]);
  });

  it('leave out rows that are none', () => {
    const gathering = gatherMessages();
    const unreadable = { key: 'k', position: 1, problem: { code: 'missing-id' as const }, body: '{}' };
    gathering.take([reading(message('a')), { kind: 'unreadable', unreadable }]);
    expect(gathering.unreadable()).toEqual([unreadable]);
    expect(gathering.messages()).toHaveLength(1);
  });
});
