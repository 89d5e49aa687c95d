import { answer, breakBefore, takeAndBreak, type ListenerReaction } from '../../support/listener.ts';
import { destinationContract, type DestinationUnderTest } from '../destination-contract.ts';
import { delivery } from '../example-deliveries.ts';
import { listenerPlace } from './listener-place.ts';

const faults: Readonly<Record<string, ListenerReaction>> = {
  'the answer is lost after it was taken': takeAndBreak,
  'the connection breaks before': breakBefore,
  'a page of a proxy with 502': answer(502, { 'content-type': 'text/html' }, '<html>bad gateway</html>'),
  'a redirect': answer(302, { location: 'http://127.0.0.1:9/login' }),
  'too many requests': answer(429, { 'retry-after': '3' }),
  'a server error': answer(500),
  'login refused': answer(401),
  'posting not allowed': answer(403),
  'another address': answer(404),
  'another method': answer(405),
  'the Bundle is refused for its content': answer(400),
  'the Bundle is refused for its size': answer(413),
  'half an answer': (response, take) => {
    take();
    response.writeHead(200, { 'content-length': '1000' });
    response.write('que', () => response.destroy());
  },
};

async function open(maxEntries: number): Promise<DestinationUnderTest> {
  const { listener, destination } = await listenerPlace({ bundle: { maxEntries, maxBytes: 64 * 1024 } });
  return {
    destination,
    delivery,
    held: () => Promise.resolve(listener.held()),
    faults: Object.entries(faults).map(([name, reaction]) => ({
      name,
      arm: () => void listener.script.push(reaction),
    })),
    cannotBeAsked: true,
    close: () => Promise.resolve(),
  };
}

destinationContract('a listener', () => open(100));
destinationContract('a listener that takes one message at a time', () => open(1));
