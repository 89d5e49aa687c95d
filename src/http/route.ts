import type { Asker } from './operations.ts';
import { readQuery, type Fields, type Values } from './fields.ts';
import type { Refusal } from './problem-details.ts';
import type { Role } from './roles.ts';

/** An answer that is not an error. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: 200 | 202;
  readonly contentType: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Reply = Answer | Refusal;

export function answerJson(
  value: unknown,
  more: { readonly status?: 200 | 202; readonly contentType?: string; readonly headers?: Answer['headers'] } = {},
): Answer {
  const { status = 200, contentType = 'application/json', headers = {} } = more;
  return { kind: 'answer', status, contentType, headers, text: JSON.stringify(value) };
}

/** A request that was let in: the user is known, has the role, and the body was read. */
export interface Request<Query> {
  readonly asker: Asker;
  /** The parts of the path in braces. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly header: (name: string) => string | undefined;
  /** UTF-8, as sent; empty where the route takes none. */
  readonly body: string;
}

interface RouteFacts {
  /** `operationId` in `openapi.yaml`. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As in `openapi.yaml`: `/runs/{id}`. */
  readonly path: string;
  /** The least role; null: open to everyone. */
  readonly role: Role | null;
  /** Takes a JSON body, up to this size; others than `POST` take none. */
  readonly maxBodyBytes?: number;
  /** How many may be under way, because each holds much memory. */
  readonly atOnce?: number;
}

/** One operation of `openapi.yaml`. */
export interface Route extends RouteFacts {
  readonly parameters: readonly string[];
  readonly answer: (request: Request<Iterable<readonly [string, unknown]>>) => Promise<Reply>;
}

/** Declares a route: its query is checked against the table, and handed over typed. */
export function route<Query extends Fields>(
  declared: RouteFacts & {
    readonly query: Query;
    readonly answer: (request: Request<Values<Query>>) => Reply | Promise<Reply>;
  },
): Route {
  const { query: table, answer, ...facts } = declared;
  return {
    ...facts,
    parameters: Object.keys(table),
    async answer(request) {
      const query = readQuery(table, request.query);
      return query.kind === 'refusal' ? query : answer({ ...request, query: query.values });
    },
  };
}
