import { isObject, objectsOf, textOf, type JsonObject } from './json.ts';
import type { Demands } from './profiles/profile.ts';
import type { Issue } from './reply.ts';

/** What a server finds wrong with a Communication that R4 allows. */
export function demandIssues(resource: JsonObject, demands: Demands): readonly Issue[] {
  const missing = demands.required
    .filter((name) => resource[name] === undefined)
    .map((name): Issue => ({ code: 'required', diagnostics: 'It is missing.', expression: `Communication.${name}` }));
  const strangers = objectsOf(resource['recipient']).flatMap(({ reference }, index): readonly Issue[] => {
    const [type = ''] = (textOf(reference) ?? '').split('/');
    const expression = `Communication.recipient[${index}]`;
    return demands.recipients.includes(type)
      ? []
      : [{ code: 'value', diagnostics: `It has to be one of ${demands.recipients.join(', ')}.`, expression }];
  });
  const extended = demands.extensions === 'taken' ? [] : extensionsIn(resource, 'Communication').slice(0, 1);
  return [
    ...missing,
    ...strangers,
    ...extended.map((expression): Issue => ({ code: 'not-supported', diagnostics: 'It is not known.', expression })),
  ];
}

function extensionsIn(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => extensionsIn(item, `${path}[${index}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    name === 'extension' || name === 'modifierExtension'
      ? [`${path}.${name}[0]`]
      : extensionsIn(item, `${path}.${name}`),
  );
}
