/** What a member that tells of an error is called, by those who send one beside an empty list. */
const errorNames = /^errors?([_-]?(message|description|code))?$/i;

/** Whether what stands around the list of rows tells of an error: the list may lack what could not be read. */
export function tellsError(around: unknown): boolean {
  if (typeof around !== 'object' || around === null || Array.isArray(around)) return false;
  return Object.entries(around).some(
    ([name, value]: [string, unknown]) => errorNames.test(name) && saysSomething(value),
  );
}

function saysSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== null && value !== false && value !== 0 && value !== '' && value !== '0';
}
