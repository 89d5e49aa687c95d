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
