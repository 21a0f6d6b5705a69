/** The events that inputs are made from: those of the golden pairs, and real ones where there are any. */
import { realEvents } from '../support/events.ts';
import { goldenCases } from '../support/golden.ts';

/** Their texts; the first ones are always there, in the same order. */
export function baseEvents(): Buffer[] {
  return [...goldenCases().map(({ input }) => input), ...realEvents().map(({ text }) => text)];
}
