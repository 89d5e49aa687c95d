import type { WritebackMethod, WritebackTimestampFormat } from './writeback-api.ts';

/** A verb and a form of the times: the vendor's page and its own sample differ in both. */
export interface Way {
  readonly method: WritebackMethod;
  readonly timestampFormat: WritebackTimestampFormat;
}

export interface WaySettings {
  readonly method: WritebackMethod | 'auto';
  readonly timestampFormat: WritebackTimestampFormat | 'auto';
}

/** What the vendor's answers have taught: the way that was answered last, and the refused readings since then. */
export interface Lesson {
  readonly way: Way;
  readonly refusals: number;
}

/** An answer that may speak of the way of asking rather than of the question. */
export interface Refusal {
  readonly status: number;
  readonly allow: string | undefined;
}

/** What was learned, or what the page says. */
export function firstWay(settings: WaySettings, lesson: Lesson | undefined): Way {
  if (lesson !== undefined) return lesson.way;
  return {
    method: settings.method === 'auto' ? 'GET' : settings.method,
    timestampFormat: settings.timestampFormat === 'auto' ? 'MM/dd/yyyy HH:mm:ss' : settings.timestampFormat,
  };
}

/**
 * The way to try after the last of `tried` was refused; undefined when the refusal stands. A wrong verb is named by the
 * status, so it is always followed. A 400 (or 404: some servers refuse `%2F` with it) does not tell a wrong form of the
 * times from a wrong question: the other form is tried while none is proved, and again once a proved one was refused
 * in two readings running, so that refused questions do not use up the budget and a vendor may change its mind.
 */
export function nextWay(
  settings: WaySettings,
  lesson: Lesson | undefined,
  tried: readonly Way[],
  refusal: Refusal,
): Way | undefined {
  const last = tried.at(-1);
  if (last === undefined) return undefined;
  const next = otherWay(settings, lesson, last, refusal);
  return next === undefined || tried.some((way) => isSame(way, next)) ? undefined : next;
}

function otherWay(settings: WaySettings, lesson: Lesson | undefined, last: Way, refusal: Refusal): Way | undefined {
  switch (refusal.status) {
    case 405:
    case 501: {
      const method = last.method === 'GET' ? 'PUT' : 'GET';
      return settings.method === 'auto' && allows(refusal.allow, method) ? { ...last, method } : undefined;
    }
    case 400:
    case 404: {
      if (settings.timestampFormat !== 'auto' || lesson?.refusals === 0) return undefined;
      const isAmerican = last.timestampFormat === 'MM/dd/yyyy HH:mm:ss';
      return { ...last, timestampFormat: isAmerican ? 'yyyy-MM-dd HH:mm:ss' : 'MM/dd/yyyy HH:mm:ss' };
    }
    default:
      return undefined;
  }
}

/** A 405 names the verbs that it takes; one that does not leaves both open. */
function allows(allow: string | undefined, method: WritebackMethod): boolean {
  const verbs = (allow ?? '')
    .toUpperCase()
    .split(',')
    .map((verb) => verb.trim());
  return verbs.includes(method) || verbs.every((verb) => verb === '');
}

const isSame = (a: Way, b: Way): boolean => a.method === b.method && a.timestampFormat === b.timestampFormat;
