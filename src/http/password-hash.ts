import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** OWASP's first choice for scrypt: 32 MiB and about a tenth of a second for each try. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const;
const memory = 64 * 2 ** 20;
/** Five times ours: a login must not take seconds. */
const work = 2 ** 22;
const saltBytes = 16;
const hashBytes = 32;
/** Without `$`, which compose files expand. */
const pattern = /^scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([\w-]{22}):([\w-]{43})$/;

export const isPasswordHash = (text: string): boolean => read(text) !== undefined;

/** `scrypt:N:r:p:salt:hash`, salt and hash in base64url; another one each time. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join(':');
}

/** Takes as long for a wrong password as for the right one. Throws for what is no hash. */
export async function verifyPassword(password: string, text: string): Promise<boolean> {
  const stored = read(text);
  if (stored === undefined) throw new Error('this is no password hash');
  return timingSafeEqual(await derive(password, stored.salt, stored.cost), stored.hash);
}

type Cost = { readonly N: number; readonly r: number; readonly p: number };

function read(text: string): { readonly cost: Cost; readonly salt: Buffer; readonly hash: Buffer } | undefined {
  const [, n = '', r = '', p = '', salt = '', hash = ''] = pattern.exec(text) ?? [];
  const [N, R, P] = [Number(n), Number(r), Number(p)];
  const isPower = N >= 2 && (N & (N - 1)) === 0;
  if (!isPower || R < 1 || P < 1 || 128 * N * R + 128 * R * P > memory || N * R * P > work) return undefined;
  return { cost: { N, r: R, p: P }, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

/** One after the other: many logins at once must not take many times the memory. */
let queue: Promise<unknown> = Promise.resolve();

function derive(password: string, salt: Buffer, { N, r, p }: Cost): Promise<Buffer> {
  const derived = queue.then(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, hashBytes, { N, r, p, maxmem: memory }, (error, hash) =>
          error === null ? resolve(hash) : reject(error),
        );
      }),
  );
  queue = derived.catch(() => {});
  return derived;
}
