import { onTestFinished } from 'vitest';
import { makeBundleHttp, type BundleHttpOptions } from '../../../src/destinations/bundle-http/bundle-http.ts';
import type { Destination } from '../../../src/destinations/destination.ts';
import type { Delivery, DeliveryOutcome } from '../../../src/exchange/delivery.ts';
import { tryConnection } from '../../../src/network/connection.ts';
import { makeDispatcher } from '../../../src/network/dispatcher.ts';
import { startListener, type Listener, type ListenerReaction } from '../../support/listener.ts';

export interface ListenerPlace {
  readonly listener: Listener;
  readonly destination: Destination;
  readonly send: (deliveries: readonly Delivery[]) => Promise<readonly DeliveryOutcome[]>;
}

/** A destination over a listener; both end with the test. */
export async function listenerPlace(
  options: Partial<BundleHttpOptions> = {},
  always?: ListenerReaction,
): Promise<ListenerPlace> {
  const listener = await startListener(always);
  const destination = makeBundleHttp({
    name: 'bundle-http',
    url: listener.url,
    login: {
      authorize: () => Promise.resolve({ kind: 'header', header: undefined }),
      renew: () => Promise.resolve(false),
    },
    dispatcher: makeDispatcher({ connectTimeoutMs: 2_000 }),
    connect: (signal) => tryConnection(options.url ?? listener.url, {}, signal),
    bundle: { maxEntries: 100, maxBytes: 64 * 1024 },
    timeoutMs: 5_000,
    now: () => Date.UTC(2026, 2, 5, 14),
    ...options,
  });
  onTestFinished(async () => {
    await listener.close();
    await destination.close();
  });
  return { listener, destination, send: (deliveries) => destination.send(deliveries, new AbortController().signal) };
}
