/**
 * What R4 says about a Communication, a Patient and the types in them. `?` is an element that may be there, `!` one that
 * must be, `*` a list. `code:` names a required value set, a parenthesis the types that a Reference may lead to.
 * https://hl7.org/fhir/R4/communication.html, .../patient.html, .../datatypes.html
 */
export interface R4Type {
  readonly elements: Readonly<Record<string, string>>;
  /** `content[x]`: at most one of the elements whose names begin so; `!` after it: exactly one. */
  readonly choices?: readonly string[];
}

const element = { id: 'string?', extension: 'Extension*' };
const domainResource = {
  resourceType: 'code!',
  id: 'id?',
  meta: 'Meta?',
  implicitRules: 'uri?',
  language: 'code?',
  text: 'Narrative?',
  contained: 'Resource*',
  extension: 'Extension*',
  modifierExtension: 'Extension*',
};
const backbone = { ...element, modifierExtension: 'Extension*' };
const anyParty = 'Reference(Device|Organization|Patient|Practitioner|PractitionerRole|RelatedPerson|HealthcareService)';

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

export const r4Types: Readonly<Record<string, R4Type>> = {
  Communication: {
    elements: {
      ...domainResource,
      identifier: 'Identifier*',
      instantiatesCanonical: 'canonical*',
      instantiatesUri: 'uri*',
      basedOn: 'Reference*',
      partOf: 'Reference*',
      inResponseTo: 'Reference(Communication)*',
      status: 'code:event-status!',
      statusReason: 'CodeableConcept?',
      category: 'CodeableConcept*',
      priority: 'code:request-priority?',
      medium: 'CodeableConcept*',
      subject: 'Reference(Patient|Group)?',
      topic: 'CodeableConcept?',
      about: 'Reference*',
      encounter: 'Reference(Encounter)?',
      sent: 'dateTime?',
      received: 'dateTime?',
      recipient: `${anyParty.replace('|Patient', '|Patient|CareTeam|Group')}*`,
      sender: `${anyParty}?`,
      reasonCode: 'CodeableConcept*',
      reasonReference: 'Reference(Condition|Observation|DiagnosticReport|DocumentReference)*',
      payload: 'CommunicationPayload*',
      note: 'Annotation*',
    },
  },
  CommunicationPayload: {
    elements: {
      ...backbone,
      contentString: 'string?',
      contentAttachment: 'Attachment?',
      contentReference: 'Reference?',
    },
    choices: ['content[x]!'],
  },
  Patient: {
    elements: {
      ...domainResource,
      identifier: 'Identifier*',
      active: 'boolean?',
      name: 'HumanName*',
      telecom: 'ContactPoint*',
      gender: 'code:administrative-gender?',
      birthDate: 'date?',
      deceasedBoolean: 'boolean?',
      deceasedDateTime: 'dateTime?',
      address: 'Address*',
      maritalStatus: 'CodeableConcept?',
      multipleBirthBoolean: 'boolean?',
      multipleBirthInteger: 'integer?',
      photo: 'Attachment*',
      contact: 'PatientContact*',
      communication: 'PatientCommunication*',
      generalPractitioner: 'Reference(Organization|Practitioner|PractitionerRole)*',
      managingOrganization: 'Reference(Organization)?',
      link: 'PatientLink*',
    },
    choices: ['deceased[x]', 'multipleBirth[x]'],
  },
  PatientContact: {
    elements: {
      ...backbone,
      relationship: 'CodeableConcept*',
      name: 'HumanName?',
      telecom: 'ContactPoint*',
      address: 'Address?',
      gender: 'code:administrative-gender?',
      organization: 'Reference(Organization)?',
      period: 'Period?',
    },
  },
  PatientCommunication: { elements: { ...backbone, language: 'CodeableConcept!', preferred: 'boolean?' } },
  PatientLink: { elements: { ...backbone, other: 'Reference(Patient|RelatedPerson)!', type: 'code:link-type!' } },
  RelatedPerson: {
    elements: {
      ...domainResource,
      identifier: 'Identifier*',
      active: 'boolean?',
      patient: 'Reference(Patient)!',
      relationship: 'CodeableConcept*',
      name: 'HumanName*',
      telecom: 'ContactPoint*',
      gender: 'code:administrative-gender?',
      birthDate: 'date?',
      address: 'Address*',
      photo: 'Attachment*',
      period: 'Period?',
      communication: 'PatientCommunication*',
    },
  },
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

/** The required value sets. */
export const valueSets: Readonly<Record<string, readonly string[]>> = {
  'event-status': [
    'preparation',
    'in-progress',
    'not-done',
    'on-hold',
    'stopped',
    'completed',
    'entered-in-error',
    'unknown',
  ],
  'request-priority': ['routine', 'urgent', 'asap', 'stat'],
  'administrative-gender': ['male', 'female', 'other', 'unknown'],
  'link-type': ['replaced-by', 'replaces', 'refer', 'seealso'],
  'narrative-status': ['generated', 'extensions', 'additional', 'empty'],
  'identifier-use': ['usual', 'official', 'temp', 'secondary', 'old'],
  'contact-point-system': ['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'],
  'contact-point-use': ['home', 'work', 'temp', 'old', 'mobile'],
  'name-use': ['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden'],
  'address-use': ['home', 'work', 'temp', 'old', 'billing'],
  'address-type': ['postal', 'physical', 'both'],
  'quantity-comparator': ['<', '<=', '>=', '>'],
};
