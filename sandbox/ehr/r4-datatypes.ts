/**
 * A type of R4. `?` is an element that may be there, `!` one that must be, `*` a list. `code:` names a required value
 * set, a parenthesis the types that a Reference may lead to.
 */
export interface R4Type {
  readonly elements: Readonly<Record<string, string>>;
  /** `content[x]`: at most one of the elements whose names begin so; `!` after it: exactly one. */
  readonly choices?: readonly string[];
}

export const element = { id: 'string?', extension: 'Extension*' };

/** Types whose values are JSON objects, which an extension may have too. */
const complexTypes = [
  'Address',
  'Annotation',
  'Attachment',
  'CodeableConcept',
  'Coding',
  'ContactPoint',
  'HumanName',
  'Identifier',
  'Period',
  'Quantity',
  'Reference',
] as const;

const primitiveTypes = [
  'base64Binary',
  'boolean',
  'canonical',
  'code',
  'date',
  'dateTime',
  'decimal',
  'id',
  'instant',
  'integer',
  'markdown',
  'oid',
  'positiveInt',
  'string',
  'unsignedInt',
  'uri',
  'url',
  'uuid',
] as const;

const extensionValues = Object.fromEntries(
  [...primitiveTypes, ...complexTypes].map((type) => [`value${type[0]?.toUpperCase()}${type.slice(1)}`, `${type}?`]),
);

/** https://hl7.org/fhir/R4/datatypes.html */
export const r4Datatypes: Readonly<Record<string, R4Type>> = {
  Extension: { elements: { ...element, url: 'uri!', ...extensionValues }, choices: ['value[x]'] },
  Meta: {
    elements: {
      ...element,
      versionId: 'id?',
      lastUpdated: 'instant?',
      source: 'uri?',
      profile: 'canonical*',
      security: 'Coding*',
      tag: 'Coding*',
    },
  },
  Narrative: { elements: { ...element, status: 'code:narrative-status!', div: 'xhtml!' } },
  Identifier: {
    elements: {
      ...element,
      use: 'code:identifier-use?',
      type: 'CodeableConcept?',
      system: 'uri?',
      value: 'string?',
      period: 'Period?',
      assigner: 'Reference(Organization)?',
    },
  },
  CodeableConcept: { elements: { ...element, coding: 'Coding*', text: 'string?' } },
  Coding: {
    elements: {
      ...element,
      system: 'uri?',
      version: 'string?',
      code: 'code?',
      display: 'string?',
      userSelected: 'boolean?',
    },
  },
  Reference: {
    elements: { ...element, reference: 'string?', type: 'uri?', identifier: 'Identifier?', display: 'string?' },
  },
  ContactPoint: {
    elements: {
      ...element,
      system: 'code:contact-point-system?',
      value: 'string?',
      use: 'code:contact-point-use?',
      rank: 'positiveInt?',
      period: 'Period?',
    },
  },
  HumanName: {
    elements: {
      ...element,
      use: 'code:name-use?',
      text: 'string?',
      family: 'string?',
      given: 'string*',
      prefix: 'string*',
      suffix: 'string*',
      period: 'Period?',
    },
  },
  Address: {
    elements: {
      ...element,
      use: 'code:address-use?',
      type: 'code:address-type?',
      text: 'string?',
      line: 'string*',
      city: 'string?',
      district: 'string?',
      state: 'string?',
      postalCode: 'string?',
      country: 'string?',
      period: 'Period?',
    },
  },
  Period: { elements: { ...element, start: 'dateTime?', end: 'dateTime?' } },
  Quantity: {
    elements: {
      ...element,
      value: 'decimal?',
      comparator: 'code:quantity-comparator?',
      unit: 'string?',
      system: 'uri?',
      code: 'code?',
    },
  },
  Attachment: {
    elements: {
      ...element,
      contentType: 'code?',
      language: 'code?',
      data: 'base64Binary?',
      url: 'url?',
      size: 'unsignedInt?',
      hash: 'base64Binary?',
      title: 'string?',
      creation: 'dateTime?',
    },
  },
  Annotation: {
    elements: {
      ...element,
      authorReference: 'Reference(Practitioner|Patient|RelatedPerson|Organization)?',
      authorString: 'string?',
      time: 'dateTime?',
      text: 'markdown!',
    },
    choices: ['author[x]'],
  },
};
