import { createHash, timingSafeEqual } from 'node:crypto';
import { readBasic } from '../http.ts';

/** Who may come in. */
export type EhrAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** Whether an `Authorization` header lets in. */
export function isLetIn(auth: EhrAuth, header: string | undefined): boolean {
  switch (auth.kind) {
    case 'none':
      return true;
    case 'basic': {
      const given = readBasic(header);
      return given !== undefined && isSame(`${given.name}\n${given.password}`, `${auth.username}\n${auth.password}`);
    }
    case 'bearer':
      return isSame(/^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '', auth.token);
    default:
      return auth satisfies never;
  }
}

export const challengeOf = ({ kind }: EhrAuth): string =>
  kind === 'basic' ? 'Basic realm="Sandbox EHR", charset="UTF-8"' : 'Bearer realm="Sandbox EHR"';

const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
