/** The week in which all of the rows lie. */
export const week = { from: Date.parse('2023-11-01T00:00:00Z'), to: Date.parse('2023-11-08T00:00:00Z') } as const;
