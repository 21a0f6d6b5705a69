/** The events that inputs are made from: those of the golden pairs, and real ones where there are any. */
import { realEvents } from '../support/events.ts';
import { goldenCases } from '../support/golden.ts';

export function baseEvents(): Buffer[] {
  return [...goldenCases().map(({ input }) => input), ...realEvents().map(({ text }) => text)];
}
