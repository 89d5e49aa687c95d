/** A name for each moment at which the process may die; does nothing but in tests. */
export type Reached = (point: string) => void;
