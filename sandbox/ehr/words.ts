import type { Profile, Situation } from './profiles/profile.ts';
import { refused, type Refused } from './reply.ts';

/** What is filled into a wording; what it has no name for stays out. */
export type Filling = Readonly<Record<string, string | number | undefined>>;

/** A refusal as that kind of server words it. `expression` is the element it is about. */
export function refusal(
  { profile }: { readonly profile: Profile },
  situation: Situation,
  filling: Filling = {},
  expression?: string,
): Refused {
  const { status, code, text } = profile.words[situation];
  const filled = text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(filling[name] ?? ''));
  return refused(status, code, filled, expression);
}
