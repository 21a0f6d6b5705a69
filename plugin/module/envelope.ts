/** What every record of a content blob has in common, as the codec takes it: JSON text of members, made once a blob. */
import type { ContentType, DlpDetections, MappingSwitch } from '../types.ts';

export interface Envelope {
  /** When the blob was fetched: event.created. */
  readonly createdMs?: number;
  /** Without it the event's own OrganizationId says whose it is. */
  readonly organizationId?: string;
  readonly organizationName?: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  /** Members that the operator adds: at the top of the record, or below `fields`. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Rules of the mapping that are off otherwise. */
  readonly mappingSwitches?: readonly MappingSwitch[];
  /** `keep` by default. */
  readonly dlpDetections?: DlpDetections;
  readonly contentType?: ContentType;
}

/** The envelope's texts in UTF-8. */
export interface EnvelopeTexts {
  /** Members of `event` beside its id: `"created":"…"`. */
  readonly event: Buffer;
  /** Members of the record beside `o365audit` and `event`. */
  readonly record: Buffer;
  /** What is put behind an event's id, so that DLP.All and the workload's own feed do not hide each other's records. */
  readonly idSuffix: Buffer;
}

/** The texts of an envelope. */
export function envelopeTexts(envelope: Envelope): EnvelopeTexts {
  const { createdMs, organizationId, organizationName, namespace, tags, fields = {} } = envelope;
  const options = mappingOptions(envelope);
  return {
    event: members(createdMs === undefined ? {} : { created: new Date(createdMs).toISOString() }),
    record: members({
      ...(organizationId === undefined ? {} : { organization: { id: organizationId, ...(organizationName === undefined ? {} : { name: organizationName }) } }),
      data_stream: { type: 'logs', dataset: 'o365.audit', namespace },
      ...(tags.length > 0 ? { tags } : {}),
      ...fields,
      ...(Object.keys(options).length > 0 ? { o365audit_options: options } : {}),
    }),
    idSuffix: Buffer.from(envelope.contentType === 'DLP.All' ? ':dlp' : ''),
  };
}

/** What the module reads as `o365audit_options`. */
function mappingOptions({ mappingSwitches = [], dlpDetections = 'keep' }: Envelope): Record<string, unknown> {
  return {
    ...Object.fromEntries<unknown>(mappingSwitches.map((name) => name === 'alerts_of_peers' ? ['alerts', 'peers'] : [name, true])),
    ...(dlpDetections === 'keep' ? {} : { dlp_detections: dlpDetections }),
  };
}

function members(object: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify(object).slice(1, -1));
}
