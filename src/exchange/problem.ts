/**
 * Everything that can go wrong with a window, a row or a message, as a closed list. Policy, reports and tests read the
 * code; people read the sentence. The class says what happens next by itself:
 * - permanent: nothing; a person must act, then release the record;
 * - transient: the same again, after a back-off;
 * - waiting: the EHR lacks something it will get (the Patient): again, slowly, without using up attempts;
 * - ambiguous: the answer was lost and the EHR may have the message: look there before sending again.
 */
export type ProblemClass = 'permanent' | 'transient' | 'waiting' | 'ambiguous';

/** Whom the problem concerns: one record alone, or everything on its way to or from that side. */
export type ProblemScope = 'record' | 'source' | 'destination';

interface ProblemKind {
  readonly class: ProblemClass;
  readonly scope: ProblemScope;
  /** What is wrong and what to do. Never holds a value from a message. */
  readonly sentence: string;
}

const kinds = {
  'source-unreachable': {
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health cannot be reached. Check sources[].url, DNS, the firewall and the proxy.',
  },
  'source-tls-error': {
    class: 'transient',
    scope: 'source',
    sentence:
      'No TLS connection to Dialog Health: its certificate is not trusted, or there is no TLS. Check sources[].url and sources[].tls.ca.',
  },
  'source-timeout': {
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health did not answer in full within sources[].timeout.',
  },
  'source-unauthorized': {
    class: 'permanent',
    scope: 'source',
    sentence:
      'Dialog Health refused the login. Reading has stopped, so that the account is not locked. Check username, password and console, then restart or ask for a run; a new password in its file is tried by itself.',
  },
  'source-throttled': {
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health asked for fewer requests. Reading goes on after the pause it named.',
  },
  'source-server-error': {
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health answered with a server error.',
  },
  'source-refused': {
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health refused the request. Check sources[].url, console, method and timestampFormat.',
  },
  'source-redirect': {
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health redirected the request, which is never followed. Set sources[].url to the final address.',
  },
  'source-unexpected-answer': {
    class: 'transient',
    scope: 'source',
    sentence: 'The answer is not a list of message results (a login or maintenance page, an error object?).',
  },
  'source-incomplete-answer': {
    class: 'transient',
    scope: 'source',
    sentence: 'The answer ended early or is not valid JSON. Nothing of the window counts as read.',
  },
  'source-too-large': {
    class: 'transient',
    scope: 'source',
    sentence: 'The answer is larger than sources[].maxResponseBytes. Raise it, and sources[].timeout with it.',
  },
  'source-capped': {
    class: 'transient',
    scope: 'source',
    sentence: 'The answer is as large as the vendor’s answers get: it is cut off. The window is read in parts.',
  },
  'source-empty-answer': {
    class: 'transient',
    scope: 'source',
    sentence:
      'The answer is empty, and the ledger knows messages of that time. It is believed when it comes three times in a row. Ask Dialog Health.',
  },
  'source-retention': {
    // The job has ended; what is new is read as ever.
    class: 'transient',
    scope: 'source',
    sentence: 'Dialog Health keeps nothing that is so old. The backfill has ended there.',
  },
  'source-statuses-lowered': {
    class: 'transient',
    scope: 'source',
    sentence:
      'Many messages of one answer had lower statuses than before; none was taken. Ask Dialog Health whether an old copy answers.',
  },
  'budget-exhausted': {
    class: 'transient',
    scope: 'source',
    sentence: 'sources[].requestsPerHour is used up. Reading goes on when the hour allows it.',
  },
  'backlog-full': {
    class: 'transient',
    scope: 'source',
    sentence:
      'As many messages as destination.maxBacklog allows are still to be sent. Reading goes on by itself once the EHR has taken some; nothing is lost meanwhile, as long as Dialog Health keeps it. See what keeps the EHR.',
  },
  'unreadable-row': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'A row of the answer cannot be read. It is kept; its neighbours went on. Ask Dialog Health about the field.',
  },
  'missing-id': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'A row has no outgoingMessageId, so it cannot be told from others. It is kept. Set mapping.keySecret, and it is known by its date, time and content once it is read again; or ask Dialog Health.',
  },
  'content-conflict': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'A row has the id of a message already read, with another text, time or person. The first is kept as it is, this one apart. Ask Dialog Health.',
  },
  'not-for-a-chart': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The mapping keeps messages of this kind out of the chart (a row with skip in codes.yaml). Release the record once the row is gone.',
  },
  'recipient-type-unknown': {
    class: 'permanent',
    scope: 'record',
    sentence: 'The recipientType is not in table "who". Add a row to codes.yaml, then release the record.',
  },
  'mapping-refused': {
    class: 'permanent',
    scope: 'record',
    sentence: 'A decision table of the mapping rejects this record. Add a row to codes.yaml, then release the record.',
  },
  'person-id-missing': {
    class: 'permanent',
    scope: 'record',
    sentence: 'The row names no person, and a message is never sent without a subject. Ask Dialog Health.',
  },
  'person-id-unusable': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The person id cannot be a FHIR id (letters, digits, "-" and ".", at most 64). Where it is an identifier of the Patient, set patient.reference to lookup or identifier, then release the record.',
  },
  'resource-invalid': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The Communication made for this record is not valid FHIR R4. Correct the mapping, then release the record.',
  },
  'ehr-unreachable': {
    class: 'transient',
    scope: 'destination',
    sentence: 'The EHR cannot be reached. Check destination.url, DNS, the firewall and the proxy.',
  },
  'ehr-tls-error': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'No TLS connection to the EHR: its certificate is not trusted, or there is no TLS. Check destination.url and destination.tls.ca.',
  },
  'ehr-answer-lost': {
    class: 'ambiguous',
    scope: 'destination',
    sentence:
      'The answer of the EHR was lost, or does not tell whether it wrote. The EHR is asked for the message before it is sent again.',
  },
  'ehr-answers-later': {
    class: 'ambiguous',
    scope: 'destination',
    sentence:
      'The EHR takes messages in for later (202), so it does not tell what became of them. Have it answer this login at once. It is asked for the message before it is sent again.',
  },
  'ehr-unauthorized': {
    class: 'transient',
    scope: 'destination',
    sentence: 'The EHR refused the login. Check destination.auth.',
  },
  'ehr-forbidden': {
    class: 'transient',
    scope: 'destination',
    sentence: 'The EHR allows this login no writing of Communication. Grant it create, update and read.',
  },
  'ehr-throttled': { class: 'transient', scope: 'destination', sentence: 'The EHR asked for fewer requests.' },
  'ehr-server-error': { class: 'transient', scope: 'destination', sentence: 'The EHR answered with a server error.' },
  'ehr-unexpected-answer': {
    class: 'ambiguous',
    scope: 'destination',
    sentence:
      'The EHR answered with something that is not FHIR (a wrong destination.url, a proxy, a login page?). It is asked again.',
  },
  'ehr-unsuitable': {
    class: 'permanent',
    scope: 'destination',
    sentence:
      'The EHR lacks what a message needs to be written, or its Communication is something else. check tells which, and what to do. See destination.write and destination.assume.',
  },
  'ehr-not-readable': {
    class: 'permanent',
    scope: 'destination',
    sentence:
      'The EHR offers no reading of a Communication, so what it holds cannot be told. It can be written to all the same.',
  },
  'listener-refused': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The listener at destination.url takes no Bundle. Check the address, and what its channel expects: a POST of FHIR JSON, answered with 2xx; messages wait meanwhile.',
  },
  'folder-missing': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The folder destination.folder is not there, or is none. Make it, or mount it: it is never made by itself, so that nothing is written beneath a mount that is missing.',
  },
  'folder-not-writable': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'This service may not write in destination.folder. Give its user the right to read, write and search there; messages wait meanwhile.',
  },
  'folder-full': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'There is no room for another file in destination.folder. Make room, and see whether the integration engine picks files up; messages wait meanwhile.',
  },
  'folder-failed': {
    class: 'ambiguous',
    scope: 'destination',
    sentence:
      'A file could not be written in destination.folder as it should. What waits there is looked at before a message is written again.',
  },
  'token-endpoint-unreachable': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The token endpoint cannot be reached, or did not answer in time. Check destination.auth.tokenUrl, DNS, the firewall and the proxy.',
  },
  'token-tls-error': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'No TLS connection to the token endpoint: its certificate is not trusted, or ours is not. Check destination.auth.tokenUrl and destination.tls.',
  },
  'token-endpoint-failed': {
    class: 'transient',
    scope: 'destination',
    sentence: 'The token endpoint answered with a server error, or asked for fewer requests.',
  },
  'token-unexpected-answer': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The token endpoint answered with something that is no token (a wrong destination.auth.tokenUrl, a proxy, a login page?).',
  },
  'token-refused': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The token endpoint gives this client no token. Check destination.auth: clientId, and the secret, or whether the EHR knows the key that signs (command jwks).',
  },
  'token-scope-refused': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The token endpoint refused destination.auth.scope. Have these scopes granted to the client; check prints the least.',
  },
  'token-clock-skew': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The token endpoint refused the login, and its clock is not ours: what we sign is too old or too new there. Set the clock of this machine right (NTP).',
  },
  'token-discovery-failed': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The EHR has no usable .well-known/smart-configuration below destination.url. Set destination.auth.tokenUrl instead of discovery.',
  },
  'token-endpoint-foreign': {
    class: 'transient',
    scope: 'destination',
    sentence:
      'The EHR names a token endpoint on another origin, which gets no login. If it is right, set destination.auth.tokenOrigin to it.',
  },
  'token-key-unusable': {
    class: 'transient',
    scope: 'destination',
    sentence: 'No key or secret of destination.auth can be read. Put its file back.',
  },
  'resource-refused': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The EHR refused this Communication. See the element it names; correct the mapping, then release the record.',
  },
  'patient-not-found': {
    class: 'waiting',
    scope: 'record',
    sentence:
      'The EHR does not have this Patient yet. The record is tried again until patient.maxWait has passed; released, it is tried at once.',
  },
  'patient-ambiguous': {
    class: 'waiting',
    scope: 'record',
    sentence:
      'More than one active Patient of the EHR has this identifier, and none is guessed. Merge them there, or take the identifier from one. The record is tried again until patient.maxWait has passed.',
  },
  'patient-inactive': {
    class: 'waiting',
    scope: 'record',
    sentence:
      'The Patient is inactive in the EHR, and its links (replaced-by) lead to no one active Patient. The record is tried again until patient.maxWait has passed.',
  },
  'patient-search-refused': {
    class: 'waiting',
    scope: 'record',
    sentence:
      'The EHR refused to look for this Patient. Check patient.system and patient.from. The record is tried again until patient.maxWait has passed.',
  },
  'patient-mismatch': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The Patient of the EHR has another name or phone number than the message, or none to compare (patient.verify). Nothing was written. Compare both; once they agree, release the record.',
  },
  'version-conflict': {
    class: 'transient',
    scope: 'record',
    sentence: 'Somebody else wrote this Communication at the same time. It is looked at and tried again.',
  },
  'record-throttled': {
    class: 'transient',
    scope: 'record',
    sentence: 'The EHR did not carry out this entry: too many at once.',
  },
  'record-server-error': { class: 'transient', scope: 'record', sentence: 'The EHR failed on this entry.' },
  'multiple-matches': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The EHR holds more than one Communication with this identifier. Remove the extra ones there, then release the record.',
  },
  'deleted-at-ehr': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'This Communication was deleted in the EHR and is not written again. Dismiss the record, or release it to write it anew.',
  },
  'changed-at-ehr': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'Somebody changed this Communication in the EHR, and it is not overwritten. Look at it there. Release the record to overwrite it with what the message says now, or dismiss the record to leave it.',
  },
  'entered-in-error-at-ehr': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'This Communication is marked as entered in error in the EHR, and is not overwritten. Dismiss the record; or, if the mark is wrong, take it back in the EHR, then release the record.',
  },
  'subject-moved': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'This Communication belongs to another Patient in the EHR than the one it would be written for, and is not moved back. Correct which Patient is meant, at Dialog Health or in the EHR, then release the record; or dismiss it.',
  },
  'resource-too-large': {
    class: 'permanent',
    scope: 'record',
    sentence: 'The EHR refused this Communication for its size.',
  },
  'record-answer-lost': {
    class: 'ambiguous',
    scope: 'record',
    sentence:
      'The EHR said nothing, or nothing certain, about this entry. It is asked for the message before it is sent again.',
  },
  'outcome-unknown': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The EHR may have this message, and cannot be asked: it does not find it by its identifier. It is never sent again by itself. Look for it there: dismiss the record if it is there; else release it by its key or this code, and it is sent again.',
  },
  'update-not-offered': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The EHR has this message with an earlier status or content, and offers no update. Correct it there if that matters, then dismiss the record. With destination.deliver: final a message is sent once its status is final.',
  },
  'status-not-final': {
    class: 'waiting',
    scope: 'record',
    sentence:
      'Its status may still change, and destination.deliver is final: it is sent once it is final, or sources[].lateness after it was sent to the person.',
  },
  'source-not-configured': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The record was read from a source that is no longer configured. Add it to sources again, then release the record.',
  },
  'body-sealed': {
    class: 'permanent',
    scope: 'record',
    sentence:
      'The stored message cannot be opened: ledger.encryptionKey is missing or another one. Set the right key, then release the record.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof kinds;

/** One thing gone wrong. No field can hold a name, a number or a text of a message. */
export interface Problem {
  readonly code: ProblemCode;
  /** Where: a vendor field, a FHIR element, a table of the mapping. Never a value. */
  readonly where?: string;
  /** The HTTP status the other side answered with. */
  readonly httpStatus?: number;
  /** `OperationOutcome.issue.code`, and the server's own message code (`HAPI-1094`); never its text, which may echo the message. */
  readonly issue?: string;
  /** How long the other side asked to wait (`Retry-After`). */
  readonly retryAfterMs?: number;
}

export const isProblemCode = (value: string): value is ProblemCode => Object.hasOwn(kinds, value);

export const problemCodes: readonly ProblemCode[] = Object.keys(kinds).filter(isProblemCode);

export const problemKind = (code: ProblemCode): ProblemKind => kinds[code];

/** For people: what is wrong, where, and what to do. */
export function problemSentence(problem: Problem): string {
  const details = [
    problem.where,
    problem.httpStatus === undefined ? undefined : `HTTP ${problem.httpStatus}`,
    problem.issue,
  ].filter((detail) => detail !== undefined);
  return details.length === 0
    ? kinds[problem.code].sentence
    : `${kinds[problem.code].sentence} (${details.join(', ')})`;
}
