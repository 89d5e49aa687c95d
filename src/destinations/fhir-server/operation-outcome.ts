import type { Fault } from '../../exchange/delivery.ts';
import { isResource, objectOf, objectsOf, textOf, textsOf, type JsonObject } from './untrusted.ts';

/** What an OperationOutcome says, without its texts: they may echo the message. */
export interface Findings {
  /** The issue code, and the server's own message code: `processing HAPI-1094`. */
  readonly issue?: string;
  /** The element at fault, names and indexes only. */
  readonly where?: string;
  /** The Patient that is referred to is not there, deleted, or more than one. */
  readonly missingPatient: boolean;
  /** It is about something else than the Communication: what that refers to. */
  readonly namesAnother: boolean;
  readonly multipleMatches: boolean;
  /** Too many entries, or too much work, for one Bundle. */
  readonly tooLarge: boolean;
  readonly notSupported: boolean;
}

/** The codes of http://hl7.org/fhir/R4/valueset-issue-type.html; nothing else is taken for one. */
const issueCodes = new Set(
  (
    'invalid structure required value invariant security login unknown expired forbidden suppressed processing ' +
    'not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly ' +
    'business-rule conflict transient lock-error no-store exception timeout incomplete throttled informational'
  ).split(' '),
);

/** Reads an OperationOutcome; anything else has no findings. Pure. */
export function readOutcome(outcome: unknown): Findings {
  const issues = isResource(outcome, 'OperationOutcome') ? objectsOf(outcome['issue']) : [];
  const grave = issues.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  const counted = grave.length > 0 ? grave : issues;
  const texts = counted.map(textsIn);
  const codes = counted.map(({ code }) => textOf(code) ?? '');
  const issue = [codes.find((code) => issueCodes.has(code)), ownCode(texts)].filter((part) => part !== undefined);
  const where = counted.map(elementOf).find((element) => element !== undefined);
  return {
    ...(issue.length === 0 ? {} : { issue: issue.join(' ') }),
    ...(where === undefined ? {} : { where }),
    missingPatient: counted.some(namesMissingPatient),
    namesAnother: where !== undefined || texts.some((text) => anotherResource.test(text)),
    multipleMatches: codes.includes('multiple-matches'),
    tooLarge:
      codes.includes('too-costly') || codes.includes('too-long') || texts.some((text) => tooManyEntries.test(text)),
    notSupported: codes.includes('not-supported'),
  };
}

/** Each error: the element it is about, as far as its names are known, and the code of the issue. */
export function gravest(outcome: JsonObject): readonly Fault[] {
  return objectsOf(outcome['issue'])
    .filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map((issue) => {
      const [element, code] = [elementOf(issue), textOf(issue['code'])];
      return {
        ...(element === undefined ? {} : { where: element }),
        ...(code !== undefined && issueCodes.has(code) ? { issue: code } : {}),
      };
    });
}

/**
 * As plain `invalid`. Medplum: `too many entries`, `more update operations than allowed`; Azure: `The number of entries
 * in the bundle exceeded the configured limit of 500.`
 */
const tooManyEntries = /too many entries|more update operations than allowed|number of entries in the bundle exceeded/i;

/** `Patient/…`, `Organization?identifier=…`. */
const anotherResource = /\b(?!Communication\b)[A-Z][A-Za-z]{3,}[/?]/;

/** HAPI numbers its messages. */
const ownCode = (texts: readonly string[]): string | undefined => /\bHAPI-\d{4}\b/.exec(texts.join(' '))?.[0];

/** Looked at, never kept. */
const textsIn = (issue: JsonObject): string =>
  [textOf(issue['diagnostics']), textOf(objectOf(issue['details'])['text'])].join(' ');

const missingWords =
  /not found|not exist|no resources? match|not resolve|unresolved|unresolvable|unknown|is deleted|was deleted|\bgone\b|no match|multiple matches|resources match|matched \d+ resources/i;

/**
 * HAPI-1094 "Resource Patient/… not found, specified in path: …", HAPI-1091 "Invalid match URL "Patient?…" - No
 * resources match", Azure "Given conditional reference 'Patient?…' does not resolve to a resource", and alike.
 */
function namesMissingPatient(issue: JsonObject): boolean {
  const text = textsIn(issue);
  if (/\bPatient\b/.test(text)) return missingWords.test(text) || issue['code'] === 'not-found';
  // Others name the reference by its element only.
  const element = elementOf(issue) ?? '';
  return (
    issue['code'] === 'not-found' && /\b(?:subject|recipient(?:\[\d+\])?|sender|patient)(?:\.reference)?$/.test(element)
  );
}

/** The elements of a Communication and of the types within it. Another name may be a person's. */
const elementNames = new Set(
  (
    'id meta versionId lastUpdated source profile security tag implicitRules language text div contained extension ' +
    'modifierExtension identifier instantiatesCanonical instantiatesUri basedOn partOf inResponseTo status ' +
    'statusReason category priority medium subject topic about encounter sent received recipient sender reasonCode ' +
    'reasonReference payload content contentString contentAttachment contentReference note use type system value ' +
    'period start end assigner coding code version display userSelected reference url valueString valueCode ' +
    'valueCoding valueCodeableConcept valueBoolean valueDateTime valueInteger valueReference valueIdentifier ' +
    'patient name telecom relationship'
  ).split(' '),
);

/** Whether it is the name of an element, and not of a person. */
export const isElement = (name: string): boolean => elementNames.has(name);

/**
 * The element an issue is about, as `Communication.payload[0].content`: as far as its names are known, with short
 * indexes, since an EHR may put anything there. HAPI writes the resource's id into the path as a comment.
 */
function elementOf(issue: JsonObject): string | undefined {
  const path = [...textsOf(issue['expression']), ...textsOf(issue['location'])][0] ?? '';
  const [resource, ...steps] = path
    .slice(0, 500)
    .replace(/\/\*.*?\*\//g, '')
    .replace(/^Bundle\.entry(?:\[\d+\])?\.resource(?:\.ofType\(Communication\))?(?=\.|$)/, 'Communication')
    .split('.');
  if (resource !== 'Communication') return undefined;
  const known: string[] = [resource];
  for (const step of steps) {
    const [, name = '', index = ''] = /^([A-Za-z]+)(\[\d{1,3}\])?/.exec(step) ?? [];
    if (!elementNames.has(name)) break;
    known.push(name + index);
    // What follows a function or a choice is not known to be an element.
    if (name + index !== step) break;
  }
  return known.join('.');
}
