import { openService } from '../service.ts';
import { readArguments } from './arguments.ts';
import { exit, type Command } from './command.ts';
import { openConfig } from './open-config.ts';

export const serve: Command = {
  name: 'serve',
  usage: 'serve [--config FILE]',
  summary: 'Runs on schedule and serves the HTTP API, until SIGTERM. The default.',
  async run(args, io) {
    const { values } = readArguments(args, serve.usage, { config: { type: 'string' } });
    const config = openConfig(io, values.config);
    const service = await openService(config, { ...io, access: 'owner', log: 'stdout' });
    try {
      await service.checkDestination();
      await service.serve();
      const reason = await Promise.race([io.stopped, service.delivery.broken, service.backfills.broken]);
      service.audit({ event: 'service_stopping', reason });
    } catch (error) {
      service.audit({ event: 'service_stopping', reason: 'failure' });
      await service.stop();
      throw error;
    }
    const handedBack = await service.stop();
    service.audit({ event: 'service_stopped', exitCode: exit.done, handedBack });
    return exit.done;
  },
};
