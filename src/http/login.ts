import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../exchange/window.ts';
import { addressGroup } from './client-address.ts';
import { failureLimit, type Gate } from './failure-limit.ts';
import type { Role } from './roles.ts';

export interface User {
  readonly name: string;
  readonly passwordHash: string;
  readonly role: Role;
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

export type LoginAnswer =
  | { readonly kind: 'known'; readonly user: User }
  | { readonly kind: 'refused'; readonly reason: 'unknown-user' | 'wrong-password' | 'malformed-header' }
  /** `first`: the one refusal of many worth a line in the log. */
  | { readonly kind: 'throttled'; readonly waitMs: number; readonly first: boolean }
  /** More passwords than the machine can check wait already. */
  | { readonly kind: 'busy' };

export interface LoginCheck {
  /** @param credentials undefined: the header could not be read, which counts as a failure of its address */
  readonly answer: (credentials: Credentials | undefined, address: string) => Promise<LoginAnswer>;
  /** Tells one typed name from another in the log, in this process only. People type passwords there. */
  readonly fingerprint: (name: string) => string;
}

export interface LoginOptions {
  readonly users: readonly User[];
  readonly verify: (password: string, hash: string) => Promise<boolean>;
  readonly now: () => Instant;
  /** Random, new in each process. */
  readonly key: Buffer;
}

const minuteMs = 60_000;
/** A password checked is not checked again for this long: each check takes 32 MiB and a tenth of a second. */
const rememberMs = 10 * minuteMs;
const checksAtOnce = 32;
/** Nobody is locked out from elsewhere: a user's failures count for the address they came from. */
const limits = {
  login: { failures: 5, drainMs: minuteMs, maxKeys: 10_000 },
  address: { failures: 30, drainMs: minuteMs / 6, maxKeys: 10_000 },
};

/**
 * Decides who may log in. An unknown user costs as much as a wrong password. A right password is remembered as an HMAC
 * for a while; those who hold it go on while others at their address are held back.
 */
export function loginCheck({ users, verify, now, key }: LoginOptions): LoginCheck {
  const byName = new Map(users.map((user) => [user.name, user]));
  const remembered = new Map<User, { readonly mac: Buffer; readonly until: Instant }>();
  const underWay = new Map<string, Promise<LoginAnswer>>();
  const failuresOfLogin = failureLimit(limits.login);
  const failuresOfAddress = failureLimit(limits.address);
  const macOf = (...parts: readonly string[]): Buffer =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest();

  function isRemembered(user: User, mac: Buffer): boolean {
    const known = remembered.get(user);
    return known !== undefined && now() < known.until && timingSafeEqual(known.mac, mac);
  }

  /** A user's own hash stands in for that of nobody, so both take equally long. */
  async function check(user: User | undefined, password: string): Promise<LoginAnswer> {
    const hash = (user ?? users[0])?.passwordHash;
    const right = hash !== undefined && (await verify(password, hash));
    if (user === undefined) return { kind: 'refused', reason: 'unknown-user' };
    return right ? { kind: 'known', user } : { kind: 'refused', reason: 'wrong-password' };
  }

  async function attempt({ name, password }: Credentials, address: string, mac: Buffer): Promise<LoginAnswer> {
    const login = `${macOf(name).toString('base64')} ${address}`;
    const ofLogin = failuresOfLogin.ask(login, now());
    if (!ofLogin.open) return throttled(ofLogin);
    const user = byName.get(name);
    if (user !== undefined && isRemembered(user, mac)) return { kind: 'known', user };
    const ofAddress = failuresOfAddress.ask(address, now());
    if (!ofAddress.open) return throttled(ofAddress);
    if (underWay.size >= checksAtOnce) return { kind: 'busy' };
    failuresOfLogin.count(login, now());
    failuresOfAddress.count(address, now());
    const answer = await check(user, password);
    if (answer.kind === 'known') {
      failuresOfLogin.forget(login);
      failuresOfAddress.takeBack(address, now());
      remembered.set(answer.user, { mac, until: now() + rememberMs });
    }
    return answer;
  }

  return {
    fingerprint: (name) => macOf(name).toString('hex').slice(0, 12),
    async answer(credentials, from) {
      const address = addressGroup(from);
      if (credentials === undefined) {
        const gate = failuresOfAddress.ask(address, now());
        if (!gate.open) return throttled(gate);
        failuresOfAddress.count(address, now());
        return { kind: 'refused', reason: 'malformed-header' };
      }
      // A page asks for several things at once: one check serves them all.
      const mac = macOf(credentials.name, credentials.password);
      const attemptId = mac.toString('base64');
      const running = underWay.get(attemptId);
      if (running !== undefined) return running;
      const started = attempt(credentials, address, mac);
      underWay.set(attemptId, started);
      try {
        return await started;
      } finally {
        underWay.delete(attemptId);
      }
    },
  };
}

const throttled = ({ waitMs, first }: Gate & { readonly open: false }): LoginAnswer => ({
  kind: 'throttled',
  waitMs,
  first,
});
