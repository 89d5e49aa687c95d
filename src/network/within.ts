/**
 * The result of some work, or a rejection with the reason of the signal as soon as that is aborted. undici heeds a
 * signal only once a connection stands, which a silent proxy never lets happen.
 */
export async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: never, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await Promise.race([work, never]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
