import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key: PEM files, and their text for a server. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
  readonly cert: string;
  readonly keyText: string;
}

export interface Authority {
  /** The PEM file of its own certificate. */
  readonly ca: string;
  readonly caText: string;
  readonly folder: string;
  issue(name: string, options?: { readonly host?: string; readonly expired?: boolean }): Certified;
  remove(): void;
}

/** A CA of its own in a folder of its own, made with openssl. */
export function makeAuthority(commonName: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const newKey = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ];
  openssl('req', '-x509', ...newKey('ca'), '-out', 'ca.pem', '-days', '30', '-subj', `/CN=${commonName}`);
  const file = (name: string): string => join(folder, name);
  return {
    ca: file('ca.pem'),
    caText: readFileSync(file('ca.pem'), 'utf8'),
    folder,
    issue(name, { host = 'localhost', expired = false } = {}) {
      const san = /^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`;
      writeFileSync(file(`${name}.ext`), `subjectAltName=${san}\n`);
      openssl('req', ...newKey(name), '-out', `${name}.csr`, '-subj', `/CN=${host}`);
      const validity = expired ? ['-not_before', '20200101000000Z', '-not_after', '20200201000000Z'] : ['-days', '30'];
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
      try {
        openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed, ...validity);
      } catch (error) {
        if (!expired) throw error;
        // OpenSSL before 3.4 knows no -not_after here; a validity below zero days ended before it began.
        openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed, '-days', '-1');
      }
      return {
        certificate: file(`${name}.pem`),
        key: file(`${name}.key`),
        cert: readFileSync(file(`${name}.pem`), 'utf8'),
        keyText: readFileSync(file(`${name}.key`), 'utf8'),
      };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
