/** An id as FHIR allows it, but for `.` and `..`, which a URL would take for the way up. */
export const isId = (text: string): boolean => /^[A-Za-z0-9.-]{1,64}$/.test(text) && !/^\.+$/.test(text);

/** `Communication/<id>` or `Communication/<id>/_history/<version>`, relative or absolute. Undefined: it is neither. */
export function readReference(text: string): { readonly id: string; readonly version?: string } | undefined {
  const [, id = '', version] = /(?:^|\/)Communication\/([^/?#]+)(?:\/_history\/([^/?#]+))?\/?$/.exec(text) ?? [];
  if (!isId(id)) return undefined;
  return version === undefined || !isId(version) ? { id } : { id, version };
}
