/** Good Communications that the tests of full validation change. */

export const good = {
  resourceType: 'Communication',
  status: 'completed',
  category: [{ coding: [{ code: 'a' }] }],
  recipient: [{ reference: 'Patient/a' }],
  payload: [{ contentString: 'Hello' }],
};
export const caregiver = { resourceType: 'RelatedPerson', id: 'c', patient: { reference: 'Patient/a' } };

export const inBundle = (resource: unknown): unknown => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: [{ resource, request: { method: 'PUT', url: 'Communication/a' } }],
});
