/** What is counted of each content type of each tenant, from its first day on: one table for the state directory, `o365audit status` and the metrics. */
export const COUNTS = {
  blobsListed: { metric: 'o365audit_blobs_listed_total', help: 'Content blobs that were listed for the first time.' },
  blobsListedAgain: { metric: 'o365audit_blobs_listed_again_total', help: 'Content blobs in listings that were known already; they are not fetched again.' },
  blobsFetched: { metric: 'o365audit_blobs_fetched_total', help: 'Content blobs that the service began to hand out, each attempt counted.' },
  bytesFetched: { metric: 'o365audit_fetched_bytes_total', help: 'Bytes of content blobs that came in, decompressed.' },
  blobsDelivered: { metric: 'o365audit_blobs_delivered_total', help: 'Content blobs all of whose events were acknowledged, and which are committed.' },
  eventsDelivered: { metric: 'o365audit_events_delivered_total', help: 'Events of those blobs that were acknowledged.' },
  eventsLeftOut: { metric: 'o365audit_events_left_out_total', help: 'Events of those blobs that the output does not take: they are dead letters.' },
  eventsDuplicate: { metric: 'o365audit_events_duplicate_total', help: 'Events of those blobs that were not sent, because they were delivered before.' },
  blobsParked: { metric: 'o365audit_blobs_parked_total', help: 'Times that a content blob could not be delivered in its attempts and was put off to a later round.' },
  blobsExpired: { metric: 'o365audit_blobs_expired_total', help: 'Content blobs that expired before they could be delivered: their events are lost.' },
  blobsUnavailable: { metric: 'o365audit_blobs_unavailable_total', help: 'Content blobs that the service listed and then would not hand out: their events are lost.' },
  windowsLost: { metric: 'o365audit_lost_windows_total', help: 'Spans of time that could not be listed any more: what became available in them is lost.' },
  secondsLost: { metric: 'o365audit_lost_window_seconds_total', help: 'How long those spans are together.' },
} as const satisfies Record<string, { readonly metric: string; readonly help: string }>;

export type CountName = keyof typeof COUNTS;
export const COUNT_NAMES = Object.keys(COUNTS) as readonly CountName[];
export type FeedCounts = Record<CountName, number>;

/** All counts at zero. */
export function noCounts(): FeedCounts {
  return Object.fromEntries(COUNT_NAMES.map((name) => [name, 0])) as FeedCounts;
}
