/** Which feed an event belongs to. Source: the content types of the Management Activity API reference. */
import type { ContentType } from '../types.ts';
import type { EventFacts } from './event-text.ts';

/** Records of data loss prevention: they come in DLP.All, whatever their workload. */
const DLP_RECORD_TYPES = new Set([11, 13, 33, 63, 99, 100, 107]);
const WORKLOAD_FEEDS: Readonly<Record<string, ContentType>> = {
  AzureActiveDirectory: 'Audit.AzureActiveDirectory',
  Exchange: 'Audit.Exchange',
  SharePoint: 'Audit.SharePoint',
  OneDrive: 'Audit.SharePoint',
};

/** The content type of an event by its record type and workload. */
export function contentTypeOf({ recordType, workload }: Pick<EventFacts, 'recordType' | 'workload'>): ContentType {
  if (recordType !== undefined && DLP_RECORD_TYPES.has(recordType)) return 'DLP.All';
  return WORKLOAD_FEEDS[workload ?? ''] ?? 'Audit.General';
}
