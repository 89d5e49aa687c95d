/**
 * What R4 says about a Communication and the types in it: which elements there are, which must be there, which codes
 * they take. One table for the check of a mapping when it is loaded and for the check of each resource it makes.
 * https://hl7.org/fhir/R4/communication.html, .../datatypes.html
 */

export const primitiveTypes = [
  'string',
  'markdown',
  'code',
  'id',
  'uri',
  'boolean',
  'integer',
  'decimal',
  'dateTime',
  'instant',
  'base64Binary',
  'xhtml',
] as const;

export type PrimitiveType = (typeof primitiveTypes)[number];

export type ComplexType =
  | 'Communication'
  | 'CommunicationPayload'
  | 'RelatedPerson'
  | 'Extension'
  | 'Meta'
  | 'Narrative'
  | 'Identifier'
  | 'CodeableConcept'
  | 'Coding'
  | 'Reference'
  | 'ContactPoint'
  | 'HumanName'
  | 'Period'
  | 'Attachment'
  | 'Annotation';

export type TypeName = PrimitiveType | ComplexType;

export interface R4Element {
  readonly type: TypeName;
  readonly list: boolean;
  readonly required: boolean;
  /** The codes of a required value set; undefined where any code goes. */
  readonly codes?: readonly string[];
}

export interface R4Type {
  readonly elements: Readonly<Record<string, R4Element>>;
  /** Of these exactly one. */
  readonly exactlyOne?: readonly string[];
  /** Of these at most one. */
  readonly oneAtMost?: readonly string[];
  /** Of these at least one. */
  readonly someOf?: readonly string[];
}

type Facts = Partial<Pick<R4Element, 'required' | 'codes'>>;

const one = (type: TypeName, facts: Facts = {}): R4Element => ({
  type,
  list: false,
  required: false,
  ...facts,
});
const many = (type: TypeName, facts: Facts = {}): R4Element => ({
  type,
  list: true,
  required: false,
  ...facts,
});
const must: Facts = { required: true };

export const eventStatus = [
  'preparation',
  'in-progress',
  'not-done',
  'on-hold',
  'stopped',
  'completed',
  'entered-in-error',
  'unknown',
] as const;

export type EventStatus = (typeof eventStatus)[number];

const element = { id: one('string'), extension: many('Extension') };

/** The value types that an extension of a mapping may have; the specification knows some fifty. */
const extensionValues = {
  valueString: one('string'),
  valueMarkdown: one('markdown'),
  valueCode: one('code'),
  valueId: one('id'),
  valueUri: one('uri'),
  valueBoolean: one('boolean'),
  valueInteger: one('integer'),
  valueDecimal: one('decimal'),
  valueDateTime: one('dateTime'),
  valueInstant: one('instant'),
  valueCoding: one('Coding'),
  valueCodeableConcept: one('CodeableConcept'),
  valueContactPoint: one('ContactPoint'),
  valueHumanName: one('HumanName'),
  valueIdentifier: one('Identifier'),
  valuePeriod: one('Period'),
  valueReference: one('Reference'),
};

const payloadContents = {
  contentString: one('string'),
  contentAttachment: one('Attachment'),
  contentReference: one('Reference'),
};

/** No modifierExtension: what this service adds never changes the meaning of a Communication. */
export const r4Types: Readonly<Record<ComplexType, R4Type>> = {
  Communication: {
    elements: {
      resourceType: one('code', { required: true, codes: ['Communication'] }),
      // Required by us: without id and identifier the same message could be written twice.
      id: one('id', must),
      meta: one('Meta'),
      implicitRules: one('uri'),
      language: one('code'),
      text: one('Narrative'),
      contained: many('RelatedPerson'),
      extension: many('Extension'),
      identifier: many('Identifier', must),
      instantiatesCanonical: many('uri'),
      instantiatesUri: many('uri'),
      basedOn: many('Reference'),
      partOf: many('Reference'),
      inResponseTo: many('Reference'),
      status: one('code', { required: true, codes: eventStatus }),
      statusReason: one('CodeableConcept'),
      category: many('CodeableConcept'),
      priority: one('code', { codes: ['routine', 'urgent', 'asap', 'stat'] }),
      medium: many('CodeableConcept'),
      subject: one('Reference'),
      topic: one('CodeableConcept'),
      about: many('Reference'),
      encounter: one('Reference'),
      sent: one('dateTime'),
      received: one('dateTime'),
      recipient: many('Reference'),
      sender: one('Reference'),
      reasonCode: many('CodeableConcept'),
      reasonReference: many('Reference'),
      payload: many('CommunicationPayload'),
      note: many('Annotation'),
    },
  },
  CommunicationPayload: {
    elements: { ...element, ...payloadContents },
    exactlyOne: Object.keys(payloadContents),
  },
  /** The only resource that a Communication contains here: the caregiver who got or wrote the message. */
  RelatedPerson: {
    elements: {
      resourceType: one('code', { required: true, codes: ['RelatedPerson'] }),
      id: one('id', must),
      extension: many('Extension'),
      identifier: many('Identifier'),
      active: one('boolean'),
      patient: one('Reference', must),
      relationship: many('CodeableConcept'),
      name: many('HumanName'),
      telecom: many('ContactPoint'),
    },
  },
  Extension: {
    elements: { ...element, url: one('uri', must), ...extensionValues },
    exactlyOne: ['extension', ...Object.keys(extensionValues)],
  },
  Meta: {
    elements: {
      ...element,
      source: one('uri'),
      profile: many('uri'),
      security: many('Coding'),
      tag: many('Coding'),
    },
  },
  Narrative: {
    elements: {
      ...element,
      status: one('code', { required: true, codes: ['generated', 'extensions', 'additional', 'empty'] }),
      div: one('xhtml', must),
    },
  },
  Identifier: {
    elements: {
      ...element,
      use: one('code', { codes: ['usual', 'official', 'temp', 'secondary', 'old'] }),
      type: one('CodeableConcept'),
      system: one('uri'),
      // R4 asks for none; an identifier without a value identifies nothing.
      value: one('string', must),
      period: one('Period'),
    },
  },
  CodeableConcept: {
    elements: { ...element, coding: many('Coding'), text: one('string') },
    someOf: ['coding', 'text', 'extension'],
  },
  Coding: {
    elements: {
      ...element,
      system: one('uri'),
      version: one('string'),
      code: one('code'),
      display: one('string'),
      userSelected: one('boolean'),
    },
    someOf: ['code', 'display', 'extension'],
  },
  Reference: {
    elements: {
      ...element,
      reference: one('string'),
      type: one('uri'),
      identifier: one('Identifier'),
      display: one('string'),
    },
    someOf: ['reference', 'identifier', 'display', 'extension'],
  },
  ContactPoint: {
    elements: {
      ...element,
      system: one('code', { codes: ['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'] }),
      value: one('string', must),
      use: one('code', { codes: ['home', 'work', 'temp', 'old', 'mobile'] }),
      rank: one('integer'),
      period: one('Period'),
    },
  },
  HumanName: {
    elements: {
      ...element,
      use: one('code', { codes: ['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden'] }),
      text: one('string'),
      family: one('string'),
      given: many('string'),
      prefix: many('string'),
      suffix: many('string'),
      period: one('Period'),
    },
    someOf: ['text', 'family', 'given', 'extension'],
  },
  Period: {
    elements: { ...element, start: one('dateTime'), end: one('dateTime') },
    someOf: ['start', 'end', 'extension'],
  },
  Attachment: {
    elements: {
      ...element,
      contentType: one('code'),
      language: one('code'),
      data: one('base64Binary'),
      url: one('uri'),
      size: one('integer'),
      hash: one('base64Binary'),
      title: one('string'),
      creation: one('dateTime'),
    },
  },
  Annotation: {
    elements: {
      ...element,
      authorReference: one('Reference'),
      authorString: one('string'),
      time: one('dateTime'),
      text: one('markdown', must),
    },
    oneAtMost: ['authorReference', 'authorString'],
  },
};

export const isComplex = (type: TypeName): type is ComplexType => Object.hasOwn(r4Types, type);
