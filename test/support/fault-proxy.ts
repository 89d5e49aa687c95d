import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the connections through the proxy. Bytes are those of the answer, its headers among them. */
export type Trouble =
  | { readonly kind: 'none' }
  /** Nobody listens. */
  | { readonly kind: 'down' }
  /** The first byte of the answer comes so much later. */
  | { readonly kind: 'late'; readonly ms: number }
  /** The request arrives; the answer never does. */
  | { readonly kind: 'silent' }
  /** So many bytes at a time, so far apart: each in time for whoever measures the silence between two. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** After so many bytes the connection is reset. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** After so many bytes the connection is closed, in all politeness. */
  | { readonly kind: 'cut'; readonly afterBytes: number };

export interface FaultProxy {
  /** `http://127.0.0.1:PORT`, the same however often it was down. */
  readonly origin: string;
  /** How many connections were taken. */
  connections(): number;
  /** From now on; connections that stand are broken off. */
  make(trouble: Trouble): Promise<void>;
  close(): Promise<void>;
}

/** A network that fails as it is told, between a client and the server at that origin. Knows bytes and no HTTP. */
export async function startFaultProxy(origin: string): Promise<FaultProxy> {
  const onwardPort = Number(new URL(origin).port);
  const sockets = new Set<Socket>();
  let trouble: Trouble = { kind: 'none' };
  let connections = 0;

  const server = createServer((client) => {
    connections += 1;
    const onward = connect(onwardPort, '127.0.0.1');
    for (const socket of [client, onward]) {
      sockets.add(socket);
      // Who breaks off is the other's affair, and often the test's wish.
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.pipe(onward);
    client.on('close', () => onward.destroy());
    passOn(onward, client, trouble).catch(() => client.destroy());
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  const leave = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    connections: () => connections,
    async make(next) {
      trouble = next;
      if (next.kind === 'down') return leave();
      for (const socket of sockets) socket.destroy();
      if (!server.listening) await listen(port);
    },
    close: leave,
  };
}

/** Carries the answer to the client, or as much of it as is let through. */
async function passOn(answer: Socket, client: Socket, trouble: Trouble): Promise<void> {
  let passed = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    switch (trouble.kind) {
      case 'none':
      case 'down':
        await written(client, chunk);
        break;
      case 'late':
        if (passed === 0) await sleep(trouble.ms);
        await written(client, chunk);
        break;
      case 'silent':
        break;
      case 'drip':
        for (let at = 0; at < chunk.length && !client.destroyed; at += trouble.bytes) {
          await written(client, chunk.subarray(at, at + trouble.bytes));
          await sleep(trouble.everyMs);
        }
        break;
      case 'reset':
      case 'cut': {
        const rest = trouble.afterBytes - passed;
        await written(client, chunk.subarray(0, Math.max(0, rest)));
        if (rest > chunk.length) break;
        if (trouble.kind === 'cut') client.end();
        else client.resetAndDestroy();
        return;
      }
    }
    passed += chunk.length;
  }
  client.end();
}

/** Once the client has room again: the sender is held back as it would be without a proxy. */
function written(client: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
