import { phoneNumberReader } from '../src/mapping/phone-number.ts';

/** Persons that the rows are about; an EHR needs a Patient for each. */
export const persons = ['p-1', 'p-2', 'p-3'] as const;

/** One invented message result, shaped like the vendor's sample; every fourth one has a reply. */
export function syntheticRow(index: number): Readonly<Record<string, string | null>> {
  const person = index % persons.length;
  return {
    leadMessageSent: null,
    incomingMessage: index % 4 === 0 ? `YES, see you then (${index})` : null,
    outgoingMessageId: idOf(index),
    outgoingMessageSentDate: `11/0${1 + (index % 6)}/2023`,
    outgoingMessageSentTime: `${two(index % 24)}:${two(index % 60)}`,
    outgoingMessage: `Synthetic message number ${index}: please confirm your visit on Friday by answering YES.`,
    personName: `Testperson ${person + 1}`,
    personId: persons[person] ?? null,
    mobileNumber: `20255501${two(index % 100)}`,
    caregiverName: null,
    caregiverPhone: null,
    messageType: 'API Message',
    recipientType: 'PATIENT',
    campaignName: 'Synthetic campaign',
    campaignId: null,
    broadcastName: null,
    broadcastId: null,
    carrier: 'Example Wireless',
    delivered: index % 3 === 0 ? 'false' : 'true',
    messageStatus: index % 3 === 0 ? 'MESSAGE_REJECTED' : 'DELIVERED',
    messageSentBy: 'System',
    personMisc1: 'one',
    personMisc2: 'two',
    personMisc3: 'three',
    personMisc4: null,
    personMisc5: '',
  };
}

/**
 * The same with a phone number of its own for each of 45,000 rows: those kept for stories, 555-0100 to 555-0199, in every
 * area code that there is.
 */
export function rowWithOwnNumber(index: number): Readonly<Record<string, string | null>> {
  const areaCode = areaCodes[Math.floor(index / 100)];
  if (areaCode === undefined) throw new Error(`there is no number left for row ${index}`);
  return { ...syntheticRow(index), mobileNumber: `${areaCode}55501${two(index % 100)}` };
}

const isNumber = phoneNumberReader('US');
const areaCodes = Array.from({ length: 799 }, (_, index) => 201 + index).filter(
  (code) => isNumber(`${code}5550100`) !== undefined,
);

/** So many rows are written once; those that follow are the same under other ids. */
const blockRows = 4096;

/**
 * The vendor's answer with so many rows, piece by piece, faster than anybody reads it. Each row has an id of its own;
 * their texts come again every few thousand rows.
 */
export function* syntheticAnswer(rows: number): Generator<Buffer> {
  yield Buffer.from('{"requestId":"synthetic","response":[');
  const { bytes, ids, ends } = blockOf(Math.min(rows, blockRows));
  for (let from = 0; from < rows; from += blockRows) {
    const count = Math.min(blockRows, rows - from);
    const copy = Buffer.from(bytes.subarray(0, ends[count - 1]));
    for (const [index, at] of ids.slice(0, count).entries()) copy.write(idOf(from + index), at, 'latin1');
    // Between two rows, and not after the last.
    yield from + count < rows ? copy : copy.subarray(0, -1);
  }
  yield Buffer.from(']}');
}

/** Rows, each with a comma after it: where their ids begin, and where each ends. */
function blockOf(rows: number) {
  const ids: number[] = [];
  const ends: number[] = [];
  let text = '';
  for (let index = 0; index < rows; index += 1) {
    const row = `${JSON.stringify(syntheticRow(index))},`;
    ids.push(text.length + row.indexOf(idOf(index)));
    text += row;
    ends.push(text.length);
  }
  return { bytes: Buffer.from(text, 'latin1'), ids, ends };
}

const idOf = (index: number): string => index.toString(16).padStart(32, '0');

const two = (value: number): string => String(value).padStart(2, '0');
