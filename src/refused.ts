/** The service cannot start as it is configured; the message says what is wrong, where, and what to do. */
export class Refused extends Error {
  override name = 'Refused';
}
