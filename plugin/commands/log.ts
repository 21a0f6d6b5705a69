/** The log of a command: on stderr, as its options say. */
import { createLog, type Log, type LogLevel, type LogOptions } from '../telemetry/log.ts';
import type { Surroundings } from '../types.ts';

/** `inPlaceOfInfo` is the level of a command that says itself, in words of its own, what lines of the level info say. */
export function openLog({ logLevel, logFormat }: { readonly logLevel: LogLevel; readonly logFormat: LogOptions['format'] }, { clock, stderr }: Pick<Surroundings, 'clock' | 'stderr'>, inPlaceOfInfo: LogLevel = 'info'): Log {
  return createLog({ level: logLevel === 'info' ? inPlaceOfInfo : logLevel, format: logFormat, nowMs: () => clock.nowMs(), write: (text) => void stderr.write(text) });
}
