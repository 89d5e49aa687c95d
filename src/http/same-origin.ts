/**
 * Whether another site sent this request with the browser's stored login. Programs that are no browsers send neither
 * header. A page of a neighbour host (`same-site`) is another site, too.
 * @param host where the request arrived, with the port
 */
export function isFromAnotherSite(
  headers: { readonly origin?: string | undefined; readonly 'sec-fetch-site'?: string | string[] | undefined },
  host: string | undefined,
): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  // By host alone: where TLS ends before this service, the schemes differ.
  return headers.origin !== undefined && (!URL.canParse(headers.origin) || new URL(headers.origin).host !== host);
}
