/** FHIR issue codes, those in use here. https://hl7.org/fhir/R4/valueset-issue-type.html */
export type IssueCode =
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'invalid'
  | 'not-found'
  | 'deleted'
  | 'not-supported'
  | 'duplicate'
  | 'multiple-matches'
  | 'conflict'
  | 'login'
  | 'forbidden'
  | 'throttled'
  | 'transient'
  | 'too-long'
  | 'too-costly'
  | 'processing'
  | 'exception';

export interface Issue {
  readonly code: IssueCode;
  readonly diagnostics: string;
  /** The element: `Communication.status`, `Bundle.entry[3].resource.status`. */
  readonly expression?: string;
}

export interface Done {
  readonly kind: 'done';
  readonly status: 200 | 201 | 204;
  /** JSON text: a resource or a Bundle. */
  readonly body?: string;
  /** Where this version is: `Communication/<id>/_history/<version>`, below the base. */
  readonly location?: string;
  readonly version?: number;
  readonly lastUpdated?: string;
}

export interface Refused {
  readonly kind: 'refused';
  readonly status: 400 | 401 | 403 | 404 | 405 | 406 | 409 | 410 | 412 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly issues: readonly Issue[];
  readonly allow?: string;
}

/** What became of one interaction, alone or as an entry of a Bundle. */
export type Reply = Done | Refused;

export function refused(status: Refused['status'], code: IssueCode, diagnostics: string, expression?: string): Refused {
  const issue = expression === undefined ? { code, diagnostics } : { code, diagnostics, expression };
  return { kind: 'refused', status, issues: [issue] };
}

/** @param textIn where servers of that kind have the text of an issue */
export const operationOutcome = (issues: readonly Issue[], textIn: 'diagnostics' | 'details' = 'diagnostics') => ({
  resourceType: 'OperationOutcome',
  issue: issues.map(({ code, diagnostics, expression }) => ({
    severity: 'error',
    code,
    ...(textIn === 'details' ? { details: { text: diagnostics } } : { diagnostics }),
    ...(expression === undefined ? {} : { expression: [expression] }),
  })),
});

/** The same refusal, of an entry: its elements are named from the Bundle down. */
export function asEntry(reply: Refused, index: number): Refused {
  const entry = `Bundle.entry[${index}]`;
  const moved = ({ expression, ...issue }: Issue): Issue => ({
    ...issue,
    expression: expression === undefined ? entry : `${entry}.resource${expression.replace(/^\w+/, '')}`,
  });
  return { ...reply, issues: reply.issues.map(moved) };
}
