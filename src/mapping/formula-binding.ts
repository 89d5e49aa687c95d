import { columnFunctions, prepareColumn } from './column-functions.ts';
import { absent, mistaken, type Give, type Prepared } from './evaluation.ts';
import { readFormula } from './formula.ts';
import { joinedList } from './joining.ts';
import { messageId } from './message-id.ts';
import { hint, type Place } from './mistakes.ts';
import type { Preparing, Spot } from './preparing.ts';
import { isComplex, type TypeName } from './r4-elements.ts';
import { settingValues, type MappingSettings } from './settings.ts';
import { fieldFunctions, type FieldFunction, type FunctionResult } from './value-functions.ts';

export const nothingToOmit =
  '=omit() leaves out an element of the mapping below, and there is none here; take the line out';

export interface ConstantFunction {
  readonly takes: 0 | 1;
  /** Undefined: it goes anywhere. */
  readonly gives?: FunctionResult;
  /** A text says why the argument is wrong. */
  readonly bind: (argument: string, settings: MappingSettings, spot: Spot, preparing: Preparing) => Prepared | string;
}

/** Functions that ask no field. */
export const constantFunctions: Readonly<Record<string, ConstantFunction>> = {
  /** The record's key: the same message has the same one for ever. */
  key: { takes: 0, gives: 'text', bind: () => ({ kind: 'varying', give: ({ record }) => record.key }) },
  /** The same, where the vendor gives the message no id that it could be found by. */
  recordKey: {
    takes: 0,
    gives: 'text',
    bind: () => ({
      kind: 'varying',
      give: ({ record, row }) => (messageId(row) === undefined ? record.key : undefined),
    }),
  },
  /** A path below the canonical base. Like a written constant, it keeps nothing around it alive. */
  base: {
    takes: 1,
    gives: 'text',
    bind: (path, { canonicalBase }) => ({ kind: 'constant', value: `${canonicalBase}/${path}`, chosen: false }),
  },
  setting: {
    takes: 1,
    gives: 'text',
    bind(name, settings) {
      const value = Object.hasOwn(settingValues, name) ? settingValues[name]?.(settings) : undefined;
      if (value === undefined) return `"${name}" is no setting${hint(name, Object.keys(settingValues))}`;
      return value === '' ? absent : { kind: 'constant', value, chosen: true };
    },
  },
  /** A profile below the canonical base, where `mapping.profile` says that it is named. */
  profile: {
    takes: 1,
    gives: 'text',
    bind: (path, { canonicalBase, profile }) =>
      profile ? { kind: 'constant', value: `${canonicalBase}/${path}`, chosen: true } : absent,
  },
  /** The codings that `mapping.labels` names. */
  labels: {
    takes: 0,
    gives: 'Coding',
    bind(_, { labels }, spot, { codes: { codings }, prepare }) {
      const unknown = labels.find((label) => !codings.has(label));
      if (unknown !== undefined)
        return `mapping.labels: "${unknown}" is no coding of codes.yaml${hint(unknown, [...codings.keys()])}`;
      return joinedList(labels.flatMap((label) => codings.get(label) ?? []).map((node) => prepare(node, spot)));
    },
  },
  /** Has done its work where an overlay was laid over what it leaves out. */
  omit: { takes: 0, bind: () => nothingToOmit },
};

export const functionNames: readonly string[] = [constantFunctions, fieldFunctions, columnFunctions].flatMap((list) =>
  Object.keys(list),
);

/** Why a text is most likely meant as a formula, and would go into every chart as it is written. */
export function almostFormula(text: string, fields: readonly string[]): string | undefined {
  const [, name = ''] = /^([A-Za-z]\w*)\s*\([^()]*\)$/.exec(text) ?? [];
  if (functionNames.includes(name)) return 'is a constant as it is written; a formula begins with =';
  if (/\s=[A-Za-z]\w*\(/.test(text)) return 'has a text before its formula; a formula stands alone';
  // Some fields are called as a constant may be: carrier, delivered.
  if (fields.includes(text) && /[A-Z]/.test(text)) return `is the name of a field; write =text(${text})`;
  return undefined;
}

/** Binds one formula to the spot it fills. A mistake is reported, and the part absent. */
export function prepareFormula(text: string, place: Place, spot: Spot, preparing: Preparing): Prepared {
  const formula = readFormula(text);
  const bound =
    formula.kind === 'formula'
      ? bind(formula.name, formula.arguments, place, spot, preparing)
      : `${text} ${formula.message}`;
  if (typeof bound !== 'string') return bound;
  preparing.report(place, spot.path, bound);
  return mistaken;
}

/** A text says what is wrong. */
function bind(
  name: string,
  given: readonly string[],
  place: Place,
  spot: Spot,
  preparing: Preparing,
): Prepared | string {
  const { settings } = preparing.surroundings;
  const ofColumn = own(columnFunctions, name);
  if (ofColumn !== undefined) return prepareColumn(name, ofColumn, given, place, spot, preparing);
  const ofFields = own<FieldFunction>(fieldFunctions, name);
  if (ofFields !== undefined) return bindFields(name, ofFields, given, spot, preparing);
  const ofNothing = own(constantFunctions, name);
  if (ofNothing === undefined) return `"${name}" is no function${hint(name, functionNames)}`;
  if (given.length !== ofNothing.takes) return `=${name} takes ${ofNothing.takes === 0 ? 'nothing' : 'one argument'}`;
  const wrong = ofNothing.gives === undefined ? undefined : misfit(name, ofNothing.gives, spot);
  return wrong ?? ofNothing.bind(given[0] ?? '', settings, spot, preparing);
}

const own = <T>(list: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(list, name) ? list[name] : undefined;

function bindFields(
  name: string,
  { fields: { atLeast, atMost }, gives, bind }: FieldFunction,
  given: readonly string[],
  spot: Spot,
  { surroundings }: Preparing,
): Prepared | string {
  const unknown = given.find((field) => !surroundings.fields.includes(field));
  if (unknown !== undefined) return `"${unknown}" is no field of the source${hint(unknown, surroundings.fields)}`;
  const [first, ...rest] = given;
  if (first === undefined || given.length < atLeast || given.length > atMost) {
    const count = atLeast === atMost ? String(atLeast) : `${atLeast} or more`;
    return `=${name} takes ${count} field${count === '1' ? '' : 's'}, here are ${given.length}`;
  }
  const wrong = misfit(name, gives, spot);
  if (wrong !== undefined) return wrong;
  const give = bind([first, ...rest], surroundings);
  if (typeof give === 'string') return `=${name} ${give}`;
  return { kind: 'varying', give: spot.type === 'code' ? asCode(give) : give };
}

/** A code has no space around it, and single spaces in it. */
function asCode(give: Give): Give {
  return (evaluation) => {
    const value = give(evaluation);
    return typeof value === 'string' ? value.trim().replaceAll(/\s+/g, ' ') : value;
  };
}

const textTypes: readonly string[] = ['string', 'markdown', 'code', 'id', 'uri'];

/** Why what the function gives cannot go there. */
export function misfit(name: string, gives: FunctionResult, { type, codes }: Spot): string | undefined {
  if (gives === 'text' && codes !== undefined) {
    return `=${name} gives any text, and only certain codes may stand here: use =decide(table.column). They are: ${codes.join(', ')}`;
  }
  const fits = gives === 'text' ? textTypes.includes(type) : gives === type;
  if (fits) return undefined;
  const what = gives === 'text' ? 'a text' : withArticle(gives);
  return `=${name} gives ${what}; here goes ${withArticle(type)}. ${giversOf(type)}`;
}

const withArticle = (type: string): string => `${/^[aeio]/i.test(type) ? 'an' : 'a'} ${type}`;

/** What gives a type that no text may fill. */
function giversOf(type: TypeName): string {
  const givers = [...Object.entries(fieldFunctions), ...Object.entries(columnFunctions)].flatMap(([name, { gives }]) =>
    gives === type ? [`=${name}`] : [],
  );
  if (isComplex(type)) return `Write a map of its elements${givers.length === 0 ? '' : `, or ${givers.join(' or ')}`}`;
  return givers.length === 0 ? 'No function gives one' : `Write ${givers.join(' or ')}`;
}
