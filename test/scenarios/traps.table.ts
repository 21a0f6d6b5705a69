/**
 * What has gone wrong with programs that collect these events, and must not here: A to G as users and maintainers reported it, P as it was seen when peers ran on the
 * simulator. A scenario's essay names those that it is about, as `(A1, A13)`; README.md is made from this table and the essays.
 */
export const TRAPS = {
  A1: 'After an outage the collector asks for a window that is too old, is refused, and asks again until somebody deletes its state.',
  A2: 'One blob that cannot be fetched stops everything behind it.',
  A3: 'A blob larger than some limit is lost silently, and the place in the list moves on.',
  A4: 'Content that becomes available late is never seen, because the place in the list has passed it.',
  A5: 'The same event is handed out again, by design, and is counted again.',
  A6: 'The same event is not known again, because the order of its members differs.',
  A7: 'A blob is noted as done when it is received, and is lost when the collector dies before it is delivered.',
  A8: 'A subscription is started at each poll, which is refused.',
  A9: 'A subscription that was switched off ends collection.',
  A10: 'Throttling comes as 403 and is taken for a missing permission.',
  A11: 'Calls without PublisherIdentifier share one small quota with everybody.',
  A12: 'The link to the next page is taken apart and made anew, or looked for under one spelling.',
  A13: 'A place in the list that lies in the future stops collection until then.',
  A14: 'Content types that are no longer wanted are polled on.',
  A15: 'Blobs that have expired are asked for again and again.',
  A16: 'A large tenant never catches up: one page a poll, one after the other.',
  A17: 'A request without an answer hangs for ever.',
  A18: 'The service is down for hours, and the collector gives up or hammers.',
  A19: 'An error that is no JSON ends in "unknown error".',
  A20: 'Nothing arrives on the first day, and nobody says why.',
  A21: 'Two runs overlap and ruin each other\'s state.',
  A22: 'A window of more than a day is answered with a part of its content, and a 200.',
  A23: 'A stop takes as long as a poll, or costs what is in flight.',
  D3: 'Nobody can prove that everything is there.',
  D4: 'Where to begin cannot be chosen, and nothing fetches a span once more.',
  D6: 'One tenant\'s trouble is everybody\'s.',
  D11: 'Two collectors run where there must be one.',
  G: 'Memory follows the size of the largest blob, and speed ends where the machine has not.',
  P1: 'Filebeat never follows the link to the next page, so the rest of a list is passed over.',
  P2: 'Filebeat passes over the second of two blobs that became available in the same moment.',
  P3: 'Filebeat begins anew after a restart.',
  P4: 'Filebeat works through each content type one request after the other.',
  P5: 'Filebeat opens a connection for each request.',
  P6: 'Filebeat waits for five minutes after each answer of 429.',
  P7: 'Filebeat\'s limit on requests has no effect.',
  P8: 'Filebeat\'s memory grows to thirteen times the largest blob.',
  P9: 'A collector in Rust ends early when several lists answer together.',
  P10: 'The same drops what it has not read after three seconds, and notes it as known.',
  P11: 'The same loses a blob whose answer was throttling.',
  P12: 'The same waits for ever for a blob that takes longer than three seconds.',
} as const satisfies Readonly<Record<string, string>>;

/** The traps that a scenario's essay, the comment at the head of its file, names, and the essay's first sentence. */
export function readEssay(source: string): { readonly firstSentence: string; readonly traps: readonly string[] } {
  const essay = (/^\/\*\*([^]*?)\*\//.exec(source)?.[1] ?? '').replace(/^ ?\*/gm, '').replace(/\s+/g, ' ').trim();
  const traps = [...essay.matchAll(/\(([A-Z]\d*(?:, [A-Z]\d*)*)\)/g)].flatMap(([, names = '']) => names.split(', '));
  return { firstSentence: /^.*?[.?!](?= [A-Z]|$)/.exec(essay)?.[0] ?? essay, traps };
}
