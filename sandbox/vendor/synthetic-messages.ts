import { personOf, type Person } from '../persons.ts';
import { randomOf, type Random } from '../random.ts';
import { dayMs, minuteMs, sentFields, type Instant, type Message, type MessageResult } from './message.ts';

export interface SyntheticOptions {
  readonly seed: number;
  readonly messagesPerDay: number;
  readonly persons: number;
}

/**
 * Invented messages, so many each day of all times, spread over the day. Each is made from the seed and its number
 * alone, when it is asked for: a week of a million rows takes no memory, and is the same whenever it is read again.
 */
export interface SyntheticMessages {
  /** The numbers of the messages sent at `from` or later, and before `to`. */
  numbers(from: Instant, to: Instant): { readonly first: number; readonly count: number };
  message(number: number): Message;
}

export function syntheticMessages({ seed, messagesPerDay, persons }: SyntheticOptions): SyntheticMessages {
  const perDay = Math.max(1, Math.floor(messagesPerDay));
  const minutesPerDay = dayMs / minuteMs;

  const known: Person[] = [];
  const person = (number: number): Person => (known[number] ??= personOf(seed, number));

  const sentAt = (number: number): Instant => {
    const day = Math.floor(number / perDay);
    return day * dayMs + Math.floor(((number - day * perDay) * minutesPerDay) / perDay) * minuteMs;
  };

  /** The first message sent at that time or later. */
  const firstFrom = (at: Instant): number => {
    const minutes = Math.ceil(at / minuteMs);
    const day = Math.floor(minutes / minutesPerDay);
    return day * perDay + Math.ceil(((minutes - day * minutesPerDay) * perDay) / minutesPerDay);
  };

  return {
    numbers(from, to) {
      const first = firstFrom(from);
      return { first, count: Math.max(0, firstFrom(to) - first) };
    },
    message(number) {
      const random = randomOf(seed, number);
      return makeMessage(random, sentAt(number), random.hex(32), person(random.below(persons)), number);
    },
  };
}

function makeMessage(random: Random, sentAt: Instant, id: string, person: Person, number: number): Message {
  const kind = kindOf(random);
  const fate = fateOf(random);
  const recipientType = random.chance(0.03)
    ? 'STAFF'
    : person.caregiver !== null && random.chance(0.5)
      ? 'CAREGIVER'
      : 'PATIENT';
  const [misc1 = null, misc2 = null, misc3 = null, misc4 = null, misc5 = null] = person.misc;
  const carrier = random.pick('Example Wireless', 'Sample Mobile', 'Test Cellular', 'Unknown');
  const messageSentBy = random.chance(0.9) ? 'System' : `Testuser ${1 + random.below(5)}`;
  // The vendor's lists lag at times: by hours, for one message in fifty.
  const shownFrom = sentAt + (random.chance(0.02) ? 30 + random.below(330) : random.below(2)) * minuteMs;
  const replyAt = sentAt + (fate.afterMinutes + 5 + random.below(115)) * minuteMs;
  const replies = fate.delivered && recipientType !== 'STAFF' && random.chance(0.2);
  const reply = random.pick(
    'YES',
    'Yes, see you then',
    'NO',
    'Can I come an hour later?',
    'Gracias, ahí estaré 🙂',
    'STOP',
  );
  return {
    id,
    sentAt,
    shownFrom,
    rowAt(now): MessageResult {
      const settled = now >= sentAt + fate.afterMinutes * minuteMs;
      return {
        leadMessageSent: kind.lead,
        incomingMessage: replies && now >= replyAt ? reply : null,
        outgoingMessageId: id,
        ...sentFields(sentAt),
        outgoingMessage: `${kind.text} (synthetic message ${number})`,
        personName: person.name,
        personId: person.id,
        mobileNumber: person.mobileNumber,
        caregiverName: person.caregiver?.name ?? null,
        caregiverPhone: person.caregiver?.phone ?? null,
        messageType: kind.messageType,
        recipientType,
        campaignName: kind.campaign,
        campaignId: kind.campaign === null || number % 2 === 0 ? null : `campaign-${kind.campaign.length}`,
        broadcastName: kind.broadcast,
        broadcastId: null,
        carrier,
        delivered: settled && fate.delivered ? 'true' : 'false',
        messageStatus: settled ? fate.status : 'SENT',
        messageSentBy,
        personMisc1: misc1,
        personMisc2: misc2,
        personMisc3: misc3,
        personMisc4: misc4,
        personMisc5: misc5,
      };
    },
  };
}

interface Kind {
  readonly messageType: string;
  readonly text: string;
  readonly lead: string | null;
  readonly campaign: string | null;
  readonly broadcast: string | null;
}

const kindOf = (random: Random): Kind =>
  random.pick<Kind>(
    {
      messageType: 'API Message',
      text: 'Sample Clinic: please confirm your visit on Friday at 9:00 by answering YES.',
      lead: null,
      campaign: 'Visit reminders',
      broadcast: null,
    },
    {
      messageType: 'Broadcast',
      text: 'Sample Clinic: flu shots are given in the main hall this week.',
      lead: null,
      campaign: 'Autumn outreach',
      broadcast: 'Flu week',
    },
    {
      messageType: 'Post optin message sent',
      text: 'Sample Clinic: welcome! We will write before each visit.',
      lead: 'Reply WELCOME to hear from us.',
      campaign: 'Post Opt-In Campaign',
      broadcast: 'Welcome',
    },
    {
      messageType: 'Opt-In (UI)',
      text: 'Sample Clinic: you will receive our texts. Reply STOP to end them.',
      lead: null,
      campaign: null,
      broadcast: null,
    },
  );

interface Fate {
  readonly delivered: boolean;
  readonly status: string;
  /** Until then it is on its way. */
  readonly afterMinutes: number;
}

function fateOf(random: Random): Fate {
  const drawn = random.next();
  if (drawn < 0.84) return { delivered: true, status: 'DELIVERED', afterMinutes: 1 + random.below(9) };
  if (drawn < 0.91) return { delivered: false, status: 'MESSAGE_REJECTED', afterMinutes: 1 + random.below(3) };
  if (drawn < 0.95) return { delivered: false, status: 'INVALID_PHONE', afterMinutes: 0 };
  return { delivered: false, status: 'SENT', afterMinutes: 0 };
}
