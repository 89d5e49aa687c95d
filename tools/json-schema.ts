/** As much of JSON Schema draft-07 as the mapping's schema uses, and what editors add to it. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly $comment?: string;
  readonly title?: string;
  /** Shown where the mouse rests. */
  readonly description?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  /** What an editor says of a text that does not match. */
  readonly patternErrorMessage?: string;
  /** The same of whatever else is wrong. */
  readonly errorMessage?: string;
  readonly minLength?: number;
  readonly properties?: Readonly<Record<string, JsonSchema | true>>;
  readonly dependencies?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly else?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  /** What an editor offers to write there. */
  readonly defaultSnippets?: readonly Snippet[];
}

type JsonType = 'object' | 'array' | 'string' | 'boolean' | 'integer' | 'number';

export interface Snippet {
  readonly label: string;
  readonly description: string;
  /** `${1|one,two|}` is a place to fill, with choices. */
  readonly body: string;
}
