/**
 * Whether the rules read the same from the normalised text as from the event itself. They do not when the normaliser has left something of the event at
 * another path than a rule looks at, or has made another value of it; such an event is not prepared by the collector (codec/prepare.ts).
 */
export let regular: bool = true;

/** Begins a new event. */
export function forgetIrregular(): void {
  regular = true;
}

export function setIrregular(): void {
  regular = false;
}
