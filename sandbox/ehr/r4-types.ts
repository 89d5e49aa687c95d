import { element, r4Datatypes, type R4Type } from './r4-datatypes.ts';

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

/**
 * What R4 says about a Communication, a Patient and what is contained in them.
 * https://hl7.org/fhir/R4/communication.html, .../patient.html
 */
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
  ...r4Datatypes,
};
