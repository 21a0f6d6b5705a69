/**
 * Log lines for the operator, on stderr; stdout belongs to events and status records. Every line the program can write stands in one table:
 * a sentence whose values are separate fields. Levels mean consequences: error = an event was lost or a human must act; warn = surprising but
 * recovered; info = what an operator wants to see once; debug = one line a step; trace = one line a request, never a secret, never an event's body.
 */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace'];

export const LINES = {
  'program.stopping': ['info', 'Stopping: finishing what is in flight.'],
} as const satisfies Record<string, readonly [LogLevel, string]>;

export type LogLine = keyof typeof LINES;
export type LogValues = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes one line of the table; values travel beside the sentence, never inside it. */
export type Log = (line: LogLine, values?: LogValues) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  readonly nowMs: () => number;
  readonly write: (text: string) => void;
}

/** A log that writes lines up to `level`, as `time level sentence key=value…` or as one JSON object a line. */
export function createLog({ level, format, nowMs, write }: LogOptions): Log {
  const rank = LOG_LEVELS.indexOf(level);
  return (line, values = {}) => {
    const [lineLevel, sentence] = LINES[line];
    if (LOG_LEVELS.indexOf(lineLevel) > rank) return;
    const time = new Date(nowMs()).toISOString();
    write(format === 'json' ? `${JSON.stringify({ time, level: lineLevel, line, message: sentence, ...values })}\n`
      : `${time} ${lineLevel.padEnd(5)} ${sentence}${fields(values)}\n`);
  };
}

/** A log that says nothing, for parts used without an operator. */
export const silentLog: Log = () => undefined;

function fields(values: LogValues): string {
  return Object.entries(values).filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' && /[\s"=]|^$/.test(value) ? JSON.stringify(value) : String(value)}`).join('');
}
