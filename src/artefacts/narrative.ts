import type { Artefact } from './packaged.ts';

/** The artefact with a narrative: for people who meet it on a server, its title and what it is for. */
export function narrated<Resource extends Artefact>(resource: Resource): Resource {
  const paragraphs = `<p><b>${xml(titleOf(resource))}</b></p><p>${xml(resource.description ?? '')}</p>`;
  const div = `<div xmlns="http://www.w3.org/1999/xhtml">${paragraphs}</div>`;
  return { ...resource, text: { status: 'generated', div } };
}

/** What people call it; a NamingSystem has no title. */
export const titleOf = (resource: Artefact): string =>
  ('title' in resource ? resource.title : undefined) ?? resource.name ?? '';

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
