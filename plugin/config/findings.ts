/** Everything that was found wrong or worth saying while a configuration was read, so that an operator mends a file once. */
import { AuditError } from '../errors.ts';
import type { Place } from './node.ts';

export interface Mistake {
  readonly place: Place;
  /** As the operator wrote it, or would have to: `var.api.poll_interval`, `--output`. */
  readonly key: string;
  readonly expected: string;
  /** What came instead; never a secret. */
  readonly found: string;
  /** A sentence: what to write instead. */
  readonly repair: string;
}

/** Something that works, but perhaps otherwise than its author thought. */
export interface Notice {
  readonly place: Place;
  readonly key: string;
  readonly sentence: string;
}

export class Findings {
  readonly mistakes: Mistake[] = [];
  readonly notices: Notice[] = [];

  mistake(place: Place, key: string, expected: string, found: string, repair: string): void {
    this.mistakes.push({ place, key, expected, found, repair });
  }

  notice(place: Place, key: string, sentence: string): void {
    this.notices.push({ place, key, sentence });
  }

  /** Throws InvalidConfiguration if there was any mistake. */
  throwMistakes(): void {
    if (this.mistakes.length > 0) throw new InvalidConfiguration(this.mistakes);
  }
}

/** CONFIG_INVALID with its mistakes as objects beside the text, for callers that show them in their own way. */
export class InvalidConfiguration extends AuditError {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const sources = [...new Set(mistakes.map(({ place }) => place.source))];
    const sorted = mistakes.toSorted(({ place: one }, { place: other }) => sources.indexOf(one.source) - sources.indexOf(other.source)
      || (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0));
    super('CONFIG_INVALID', {
      count: sorted.length === 1 ? 'a mistake' : `${sorted.length} mistakes`,
      list: sorted.map((mistake) => `\n  ${mistakeText(mistake)}`).join(''),
    });
    this.mistakes = sorted;
  }
}

/** `o365.yml:12:22`, or the source alone where there are no lines. */
export function placeText({ source, line, column }: Place): string {
  return [source, line, column].filter((part) => part !== undefined).join(':');
}

export function mistakeText({ place, key, expected, found, repair }: Mistake): string {
  return `${placeText(place)}: ${key}: expected ${expected}, found ${found}. ${repair}`;
}

export function noticeText({ place, key, sentence }: Notice): string {
  return `${placeText(place)}: ${key}: ${sentence}`;
}
