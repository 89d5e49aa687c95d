import type { Page } from '../exchange/reports.ts';
import { BadCursor, type PageRequest } from '../ledger/ledger.ts';
import { matching, type Values } from './fields.ts';
import { refusal } from './problem-details.ts';
import { answerJson, type Reply } from './route.ts';

const defaultLimit = 50;
const maxLimit = 200;

/** The parameters of every list. */
export const paging = {
  cursor: matching(/^[\w.~:=-]{1,500}$/, 'the value of "next" in the page before'),
  limit: {
    expects: `a whole number from 1 to ${maxLimit}`,
    read: (text: string): number | undefined =>
      /^[1-9]\d{0,3}$/.test(text) && Number(text) <= maxLimit ? Number(text) : undefined,
  },
};

/** Takes what was given for a list apart: what to look for, and which page of it. */
export function listRequest<Query extends Values<typeof paging>>(query: Query) {
  const { cursor, limit = defaultLimit, ...filter } = query;
  const page: PageRequest = cursor === undefined ? { limit } : { limit, cursor };
  return { filter, page };
}

export async function answerPage(read: Promise<Page<unknown>>): Promise<Reply> {
  try {
    return answerJson(await read);
  } catch (error) {
    if (!(error instanceof BadCursor)) throw error;
    const errors = [{ field: 'cursor', expects: paging.cursor.expects }];
    return refusal('invalid-parameter', 'See errors. Without a cursor, the list begins at its start.', {
      members: { errors },
    });
  }
}
