import { destinationContract, type DestinationUnderTest } from '../destination-contract.ts';
import { delivery } from '../example-deliveries.ts';
import { outboxPlace } from './outbox-place.ts';

const faults = [
  ['the disk is full', 'file-begun', 'ENOSPC'],
  ['the disk fails', 'file-synced', 'EIO'],
  ['the file may not be written', 'file-begun', 'EACCES'],
  ['the folder is gone', 'file-synced', 'ENOENT'],
  ['the folder cannot be synced once the file has its name', 'file-named', 'EIO'],
] as const;

/** @param patient the engine comes only once everything is written */
function open(patient: boolean): Promise<DestinationUnderTest> {
  const { destination, engine, failAt } = outboxPlace();
  return Promise.resolve({
    destination: {
      ...destination,
      async send(deliveries, signal) {
        const outcomes = await destination.send(deliveries, signal);
        if (!patient) engine.pickUp();
        return outcomes;
      },
    },
    delivery,
    held() {
      engine.pickUp();
      return Promise.resolve(engine.held());
    },
    faults: faults.map(([name, point, code]) => ({ name, arm: () => failAt(point, code) })),
    cannotBeAsked: true,
    close: () => Promise.resolve(),
  });
}

destinationContract('a folder with an engine that picks up at once', () => open(false));
destinationContract('a folder with an engine that picks up late', () => open(true));
