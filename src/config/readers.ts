import { isIP } from 'node:net';
import { instantOf } from '../exchange/instant.ts';
import { isPasswordHash } from '../http/password-hash.ts';
import { readCron } from './cron-expression.ts';
import type { Reader } from './setting.ts';
import { Secret } from './secret.ts';

const problem = (text: string, conceal = false) => ({ kind: 'problem' as const, problem: text, conceal });
const value = <T>(given: T) => ({ kind: 'value' as const, value: given });

/** Most of the time the carriage return of a file written on Windows. */
const control = /\p{Cc}/u;
const controlProblem = 'holds a control character: write it on one line that ends with LF.';

export const text: Reader<string> = (given) => (control.test(given) ? problem(controlProblem, true) : value(given));

export const someText: Reader<string> = (given) => {
  if (given.trim() === '') return problem('is empty.');
  return /^ | $/.test(given) ? problem('has a space around it.') : text(given);
};

const withoutColon =
  (read: Reader<string>): Reader<string> =>
  (given) =>
    given.includes(':') ? problem('holds a colon, which HTTP Basic cannot carry (RFC 7617).', true) : read(given);

/** A user's name that HTTP Basic carries. */
export const login = withoutColon(text);
export const someLogin = withoutColon(someText);

/** The system of identifiers, or nothing. */
export const system: Reader<string> = (given) => {
  if (/^[0-2](?:\.\d+)+$/.test(given)) return problem('is an OID alone: write urn:oid: in front of it.');
  return given === '' || /^[a-z][a-z\d+.-]*:[^\s\p{Cc}]+$/iu.test(given)
    ? value(given)
    : problem('is not a URI: write one with its scheme, such as https: or urn:oid:.');
};

/** A word that stands in logs, metrics and paths. */
export const name: Reader<string> = (given) =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(given)
    ? value(given)
    : problem('is not a name: letters, digits, ".", "_" and "-", at most 63 of them, the first a letter or digit.');

export const secret: Reader<Secret> = (given) =>
  control.test(given) ? problem(controlProblem, true) : value(new Secret(given));

export const someSecret: Reader<Secret> = (given) => (given === '' ? problem('is empty.', true) : secret(given));

export const flag: Reader<boolean> = (given) =>
  given === 'true' || given === 'false' ? value(given === 'true') : problem('is not true or false.');

/** One of these words. `later` are named by the documentation and not offered yet, each with what to use instead. */
export const oneOf =
  <const Word extends string>(words: readonly Word[], later: Readonly<Record<string, string>> = {}): Reader<Word> =>
  (given) => {
    const word = words.find((each) => each === given);
    if (word !== undefined) return value(word);
    const instead = Object.hasOwn(later, given) ? later[given] : undefined;
    return instead === undefined
      ? problem(`is none of ${words.join(', ')}.`)
      : problem(`is not offered by this version: ${instead}.`);
  };

export const wholeNumber =
  (least: number, most: number): Reader<number> =>
  (given) => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : NaN;
    return number >= least && number <= most ? value(number) : problem(`is no whole number from ${least} to ${most}.`);
  };

/** 0: any free one. */
const port = wholeNumber(0, 65_535);

export const optionalPort: Reader<number | undefined> = (given) => (given === '' ? value(undefined) : port(given));

export const optionalInstant: Reader<number | undefined> = (given) => {
  if (given === '') return value(undefined);
  const at = instantOf(given);
  return at === undefined ? problem('is not a moment: write date, time and zone.') : value(at);
};

/** `http:` or `https:`, without login, query and fragment; the slash at its end is dropped. */
export const webAddress: Reader<string> = (given) => {
  const url = URL.parse(given);
  // URL reads more than is one: spaces around it, `https:host`.
  if (url === null || !/^https?:\/\/[^/\s][^\s]*$/i.test(given)) return problem('is not a web address.');
  // A slash in a password ends the host: the rest of the login would be taken for the path.
  if (url.username !== '' || url.password !== '' || url.pathname.includes('@')) {
    return problem('holds a login: use the settings for user and password instead.', true);
  }
  return url.search === '' && url.hash === ''
    ? value(given.replace(/\/+$/, ''))
    : problem('has a query or a fragment: leave it off.', true);
};

/** An address that the other side holds against its own letter by letter, or nothing. */
export const exactAddress: Reader<string> = (given) => {
  const url = URL.parse(given);
  if (given === '') return value('');
  if (url === null || !/^https?:\/\/[^/\s][^\s]*$/i.test(given)) return problem('is not a web address.');
  if (url.username !== '' || url.password !== '') return problem('holds a login: leave it off.', true);
  return url.hash === '' ? value(given) : problem('has a fragment: leave it off.', true);
};

/** Scheme, host and port alone, or nothing. */
export const origin: Reader<string> = (given) => {
  if (given === '') return value('');
  const read = webAddress(given);
  if (read.kind === 'problem') return read;
  const url = new URL(read.value);
  return url.pathname === '/' ? value(url.origin) : problem('has a path: write scheme, host and port alone.');
};

export const proxy: Reader<string> = (given) => {
  const url = URL.parse(given);
  return url !== null && (url.username !== '' || url.password !== '')
    ? problem('holds a login: a proxy that asks for one is not offered by this version.', true)
    : given === ''
      ? value('')
      : webAddress(given);
};

/** The root of identifiers and extensions; for ever in the charts. */
export const canonicalBase: Reader<string> = (given) => {
  if (given === '') return value('');
  const read = webAddress(given);
  if (read.kind === 'value' && /(?:^|\.)hl7\.org$/i.test(new URL(read.value).hostname)) {
    return problem('is under hl7.org, which is not yours: take a domain of your own.');
  }
  return read;
};

export const cron: Reader<string> = (given) => {
  const read = readCron(given);
  return read.kind === 'valid' ? value(given) : problem(read.problem);
};

export const timeZone: Reader<string> = (given) => {
  try {
    Intl.DateTimeFormat('en', { timeZone: given });
    return value(given);
  } catch {
    return problem('is not a time zone of the IANA list.');
  }
};

/** May hold the password of a database: of that, only host and name are shown. */
export const ledgerUrl: Reader<Secret> = (given) => {
  if (given === 'sqlite::memory:') return problem('would be lost with the process: write sqlite:PATH.');
  if (/^sqlite:(?!\/\/(?!\/.)).+/.test(given)) return value(new Secret(given, given));
  const database = /^postgres(?:ql)?:\/\/.+/.test(given) ? URL.parse(given) : null;
  // A / or # in a password ends the host: the rest of the login would be shown as the name of the database.
  return database === null || database.hash !== '' || database.pathname.includes('@')
    ? problem('is no ledger: write sqlite:PATH or postgres://…, with % codes for /, @, : and # in the password.', true)
    : value(new Secret(given, `postgres://${database.host}${database.pathname}`));
};

export const encryptionKey: Reader<Secret> = (given) =>
  given === '' || (/^[A-Za-z0-9+/]{43}=$/.test(given) && Buffer.from(given, 'base64').length === 32)
    ? value(new Secret(given))
    : problem('is not 32 bytes in base64: make one with generate-key.', true);

/** IP addresses and subnets, with commas. */
export const networks: Reader<readonly string[]> = (given) => {
  const listed = given
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return listed.every(isNetwork)
    ? value(listed)
    : problem('holds something that is no IP address and no subnet: write them with commas.');
};

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** An ISO 3166 country, or nothing. */
export const region: Reader<string> = (given) =>
  /^(?:[A-Z]{2})?$/.test(given) ? value(given) : problem('is not a country’s two capital letters.');

/** Nobody shall find it by trying, or nothing. */
export const keySecret: Reader<Secret> = (given) =>
  given !== '' && given.length < 16
    ? problem('is shorter than 16 characters: make one with generate-key.', true)
    : secret(given);

export const passwordHash: Reader<Secret> = (given) =>
  isPasswordHash(given) ? value(new Secret(given)) : problem('is not a hash: make one with hash-password.', true);

/** Names with commas between them, or nothing. */
export const names: Reader<readonly string[]> = (given) => {
  const list = given.trim() === '' ? [] : given.split(',').map((each) => each.trim());
  const wrong = list.find((each) => !/^[a-z0-9][a-z0-9-]*$/.test(each));
  return wrong === undefined ? value(list) : problem('is no list of names with commas: small letters, digits and "-".');
};

/** A reference to a resource of the EHR, or nothing. */
export const reference: Reader<string> = (given) =>
  given === '' || /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(given)
    ? value(given)
    : problem('is no reference: write the type and the id, such as Organization/12.');
