import type { Finding } from './judge.ts';

/**
 * The findings of HL7's validator that we know, each with the reason why it stands. Any other fails the tests, and so
 * does one of these that no longer occurs.
 */
export interface KnownFinding {
  readonly severity: 'error' | 'warning';
  readonly where: RegExp;
  readonly pattern: RegExp;
  readonly reason: string;
}

const smsMedium: KnownFinding = {
  severity: 'error',
  where: /^Communication\.medium\[0\]$/,
  pattern: /^Unknown code 'http:\/\/terminology\.hl7\.org\/CodeSystem\/v3-ParticipationMode#SMSWRIT'$/,
  reason:
    'SMSWRIT is in v3-ParticipationMode as HL7 Terminology publishes it today; the copy frozen into R4 is of 2018 and ' +
    'lacks it. The binding of medium is an example. For servers that insist there is the dialect r4-strict.',
};

const noNarrative: KnownFinding = {
  severity: 'warning',
  where: /^Communication$/,
  pattern: /^Constraint failed: dom-6: /,
  reason: 'A narrative would repeat the text of the message: it is off unless a site asks for it.',
};

const spaceOfTheVendor: KnownFinding = {
  severity: 'warning',
  where: /^Communication\.(?:statusReason\.text|extension\[\d+\]\.value\.ofType\(string\))$/,
  pattern: /^value should not start or finish with whitespace/,
  reason: 'What the vendor said arrives unchanged, the space around it too; only codes are made fit.',
};

const ourCodeSystem: KnownFinding = {
  severity: 'warning',
  where: /^Communication\.(?:category|statusReason|topic|extension)/,
  pattern: /^CodeSystem is unknown and can't be validated: https:\/\/fhir\.example-health\.org\/CodeSystem\/sms-/,
  reason: 'R4 alone does not know our code systems. By our own definitions they are checked.',
};

const openList: KnownFinding = {
  severity: 'warning',
  where: /^Communication\.(?:category|statusReason)/,
  pattern:
    /^Unknown code in fragment CodeSystem 'https:\/\/fhir\.example-health\.org\/CodeSystem\/sms-message-(?:type|status)#/,
  reason: 'The vendor does not publish the whole lists of its types and statuses: ours hold what was seen of them.',
};

const openSource: KnownFinding = {
  severity: 'warning',
  where: /^ConceptMap\.group\[0\]\.source$/,
  pattern: /\/CodeSystem\/sms-message-status doesn't have all content \(content = fragment\)/,
  reason: openList.reason,
};

const uncheckedSource: KnownFinding = {
  severity: 'warning',
  where: /^ConceptMap\.group\[0\]$/,
  pattern:
    /^The terminology server null used for the CodeSystem \S+\/sms-message-status does not support batch validation/,
  reason: 'There is no terminology server here, and none could know the codes of a list that is open.',
};

const ourProfile: KnownFinding = {
  severity: 'warning',
  where: /^(?:Communication\.meta\.profile\[0\]|null)$/,
  pattern: /\bhttps:\/\/fhir\.example-health\.org\/StructureDefinition\/sms-communication\b/,
  reason: 'This example claims our profile, as a site may ask for; R4 alone does not know it.',
};

/** Of the example Communications, by R4 alone. */
export const knownByR4: readonly KnownFinding[] = [smsMedium, noNarrative, spaceOfTheVendor, ourCodeSystem, ourProfile];

/** Of the example Communications, by our profile, extensions and code systems. */
export const knownByOurs: readonly KnownFinding[] = [smsMedium, noNarrative, spaceOfTheVendor, openList];

/** Of the artefacts, and of the examples published with them. */
export const knownOfArtefacts: readonly KnownFinding[] = [
  openSource,
  uncheckedSource,
  smsMedium,
  noNarrative,
  openList,
];

export const fits = (known: KnownFinding, finding: Finding): boolean =>
  known.severity === finding.severity && known.where.test(finding.where) && known.pattern.test(finding.message);

/** The findings that no list explains. */
export const unknownAmong = (findings: readonly Finding[], known: readonly KnownFinding[]): readonly Finding[] =>
  findings.filter((finding) => !known.some((each) => fits(each, finding)));

/** What a list explains and nobody found. */
export const goneFrom = (known: readonly KnownFinding[], findings: readonly Finding[]): readonly KnownFinding[] =>
  known.filter((each) => !findings.some((finding) => fits(each, finding)));
