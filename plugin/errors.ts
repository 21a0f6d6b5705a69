/**
 * Every failure the program can name, in one table: what an operator reads, how to mend it, the exit status if it ends the program, and what
 * the collector does about it. `{name}` in a text is filled in where the failure is thrown. ERRORS.md is generated from this table.
 *
 * retry: never = a human must act; later = the same thing may work by itself after a back-off; skip = give up this one thing, go on with the rest.
 */
interface Failure {
  readonly sentence: string;
  readonly repair: string;
  readonly exitStatus: number;
  readonly retry: 'never' | 'later' | 'skip';
}

export const FAILURES = {
  // the program as a whole
  UNEXPECTED: { sentence: 'Something happened that this program did not foresee: {reason}.', repair: 'Run again with --log-level trace and report what it prints.', exitStatus: 1, retry: 'never' },
  USAGE: { sentence: '{reason}.', repair: 'See o365audit --help.', exitStatus: 2, retry: 'never' },
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof FAILURES;

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type Values<Code extends FailureCode> = Record<Placeholders<(typeof FAILURES)[Code]['sentence' | 'repair']>, string | number>;

/** A failure from the table, with the underlying error as `cause`. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: FailureCode;
  readonly repair: string;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(code: FailureCode, values: Readonly<Record<string, string | number>>, cause?: unknown) {
    super(fill(FAILURES[code].sentence, values), cause === undefined ? undefined : { cause });
    this.code = code;
    this.values = values;
    this.repair = fill(FAILURES[code].repair, values);
  }

  get exitStatus(): number {
    return FAILURES[this.code].exitStatus;
  }

  get retry(): Failure['retry'] {
    return FAILURES[this.code].retry;
  }
}

/** Makes a failure; the compiler asks for exactly the values that its texts name. */
export function failure<Code extends FailureCode>(code: Code, values: Values<Code>, cause?: unknown): AuditError {
  return new AuditError(code, values, cause);
}

/** The reason in any thrown thing, as a clause for a failure's text: innermost cause last, no stack, no full stop. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.message || thrown.name;
  const inner = thrown instanceof AggregateError && thrown.errors.length > 0 ? thrown.errors[0] as unknown : thrown.cause;
  const reason = inner === undefined ? own : `${own}: ${reasonOf(inner)}`;
  return reason.replace(/\.$/, '');
}

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
