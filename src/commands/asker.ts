import { userInfo } from 'node:os';

/** The user of the operating system, for the log; one without a name in its lists is known by its number. */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Who asks, where a command does. */
export const asker = { user: osUser(), requestId: 'command line' };
