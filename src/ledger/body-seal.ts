import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Message contents into the ledger and out of it. */
export interface BodySeal {
  /** @param key of the record: a sealed text opens under no other */
  seal(key: string, text: string): string;
  /** Undefined when it cannot be opened: no key, or another one. */
  open(key: string, stored: string): string | undefined;
}

const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM with a fresh nonce for every text, written `sealed:<key id>:<base64>`. Without a key texts are stored as
 * they are; what was stored so before a key was configured still opens.
 * @param encryptionKey 32 bytes in base64; empty: none. Gives undefined for any other text.
 */
export function makeBodySeal(encryptionKey: string): BodySeal | undefined {
  const secret = encryptionKey === '' ? undefined : Buffer.from(encryptionKey, 'base64');
  if (secret !== undefined && secret.length !== 32) return undefined;
  const keyId = secret === undefined ? '' : createHash('sha256').update(secret).digest('hex').slice(0, 8);
  const prefix = `sealed:${keyId}:`;
  return {
    seal(key, text) {
      if (secret === undefined) return text;
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(key));
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return prefix + sealed.toString('base64');
    },
    open(key, stored) {
      if (!stored.startsWith('sealed:')) return stored;
      if (secret === undefined || !stored.startsWith(prefix)) return undefined;
      const sealed = Buffer.from(stored.slice(prefix.length), 'base64');
      if (sealed.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, nonceBytes)).setAAD(Buffer.from(key));
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      try {
        const opened = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
        return Buffer.concat([opened, decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
