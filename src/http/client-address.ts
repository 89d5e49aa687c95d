import { isIPv6 } from 'node:net';

/** The address as logs show it: an IPv4 address that came over an IPv6 socket is the IPv4 address. */
export const clientAddress = (ip: string | undefined): string =>
  ip?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? 'unknown';

/** Who shares a limit: an IPv4 address, or a whole /64 of IPv6, of which one machine has every address it likes. */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
