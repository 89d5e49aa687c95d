import type { Communication } from 'fhir/r4.js';
import type { Delivery } from '../../src/exchange/delivery.ts';
import { keySpace } from '../../src/exchange/record-key.ts';

/** Invented messages. Their texts, persons and ids are canaries: none may appear in a Problem. */
export const canaries = ['Otilie', '5550100', 'appointment at noon', 'vendor-id'] as const;

const keys = keySpace('https://fhir.example-health.org');

export interface DeliveryOptions {
  readonly status?: Communication['status'];
  readonly unsure?: boolean;
  readonly knownReference?: string;
  readonly text?: string;
}

/** The delivery of one message; the same number is the same message. */
export function delivery(number: number, options: DeliveryOptions = {}): Delivery {
  const { status = 'unknown', unsure = false, text = 'Your appointment at noon, Otilie: 5550100?' } = options;
  const key = keys.outgoing(`vendor-id-${number}`);
  return {
    key,
    resource: {
      resourceType: 'Communication',
      id: key,
      identifier: [
        { system: 'https://fhir.example-health.org/sid/sms-outgoing-message-id', value: `vendor-id-${number}` },
      ],
      status,
      subject: { reference: `Patient/person-${number}` },
      sent: '2026-03-05T14:00:00Z',
      payload: [{ contentString: text }],
    },
    unsure,
    ...(options.knownReference === undefined ? {} : { knownReference: options.knownReference }),
  };
}

export const deliveries = (count: number, options: DeliveryOptions = {}): readonly Delivery[] =>
  Array.from({ length: count }, (_, index) => delivery(index, options));
