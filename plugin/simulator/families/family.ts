/** What every family of own events has, and the pieces of which records are made. */
import type { Company, Person } from '../company.ts';
import { makeAddress } from '../company.ts';
import type { Random } from '../random.ts';

/** Where and when an event happens. */
export interface Scene {
  readonly company: Company;
  readonly random: Random;
  /** The moment of the event, milliseconds since 1970. */
  readonly timeMs: number;
}

export type AuditEvent = Record<string, unknown>;

/** Events of one kind of record: a page of Microsoft's schema, its record types, and how one of them is made. */
export interface Family {
  /** How often each record type comes, relative to all others of its feed. */
  readonly recordTypes: Readonly<Record<number, number>>;
  readonly make: (scene: Scene, recordType: number) => AuditEvent;
}

/** The members that every record has, in the order of the wire; `more` follows. */
export interface Envelope {
  readonly recordType: number;
  readonly operation: string;
  readonly workload: string;
  readonly userId: string;
  readonly userKey: string;
  readonly userType?: number;
  readonly resultStatus?: string;
  readonly clientIp?: string;
  readonly objectId?: string;
}

/** A record: its envelope and the members of its kind. */
export function record({ timeMs, random, company }: Scene, envelope: Envelope, more: AuditEvent): AuditEvent {
  const { recordType, operation, workload, userId, userKey, userType = 0, resultStatus, clientIp, objectId } = envelope;
  return {
    CreationTime: timeText(timeMs),
    Id: random.guid(),
    Operation: operation,
    OrganizationId: company.id,
    RecordType: recordType,
    ...(resultStatus === undefined ? {} : { ResultStatus: resultStatus }),
    UserKey: userKey,
    UserType: userType,
    Version: 1,
    Workload: workload,
    ...(clientIp === undefined ? {} : { ClientIP: clientIp }),
    ...(objectId === undefined ? {} : { ObjectId: objectId }),
    UserId: userId,
    ...more,
  };
}

/** A time as records have it: UTC, whole seconds, no zone. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** `[{Name, Value}]`, Microsoft's way to write a map. */
export function pairs(members: Readonly<Record<string, string | undefined>>): { Name: string; Value: string }[] {
  return Object.entries(members).flatMap(([Name, Value]) => Value === undefined ? [] : [{ Name, Value }]);
}

/** The address that a request of this person came from: mostly their own, in the forms that records have it. */
export function clientAddress({ random }: Scene, person: Person): string {
  const address = random.chance(0.85) ? person.address : makeAddress(random);
  const port = random.integer(1025, 65535);
  if (random.chance(0.75)) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** An address and nothing else. */
export function bareAddress({ random }: Scene, person: Person): string {
  return random.chance(0.85) ? person.address : makeAddress(random);
}

/** How SharePoint and OneDrive key a person. */
export function membershipKey({ puid }: Person): string {
  return `i:0h.f|membership|${puid.toLowerCase()}@live.com`;
}

/** The session and token that an application used for a request. */
export function accessContext({ random, timeMs }: Scene): AuditEvent {
  return {
    AADSessionId: random.guid(),
    ...(random.chance(0.3) ? { ClientAppName: random.pick(APPLICATIONS).name } : {}),
    CorrelationId: random.guid(),
    IssuedAtTime: timeText(timeMs - random.integer(60, 3600) * 1000),
    UniqueTokenId: Buffer.from(random.hex(32), 'hex').toString('base64url'),
  };
}

/** Microsoft's own applications, as sign-ins and accesses name them. */
export const APPLICATIONS = [
  { id: '00000002-0000-0ff1-ce00-000000000000', name: 'Office 365 Exchange Online' },
  { id: '00000003-0000-0ff1-ce00-000000000000', name: 'Office 365 SharePoint Online' },
  { id: '1fec8e78-bce4-4aaf-ab1b-5451cc387264', name: 'Microsoft Teams' },
  { id: 'd3590ed6-52b3-4102-aeff-aad2292ab01c', name: 'Microsoft Office' },
  { id: '4765445b-32c6-49b0-83e6-1d93765276ca', name: 'OfficeHome' },
  { id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46', name: 'Microsoft Azure CLI' },
  { id: '89bee1f7-5e6e-4d8a-9f3d-ecd601259da7', name: 'Office365 Shell WCSS-Client' },
] as const;

/** What files are called. */
export const FILE_NAMES = ['Budget 2027', 'Offer draft', 'Minutes of the board', 'Onboarding checklist', 'Prüfbericht Halle 3', 'Résumé des ventes', 'Payroll overview', 'Supplier contracts', 'Route plan',
  'Incident review', 'Price list (internal)', 'Architecture notes', '見積書', 'Holiday calendar'] as const;
export const FILE_EXTENSIONS = ['docx', 'xlsx', 'pptx', 'pdf', 'txt', 'zip', 'csv', 'png'] as const;

/** What mails are about. */
export const SUBJECTS = ['Invoice 2026-1183', 'Re: delivery slot on Thursday', 'Your parcel could not be delivered', 'FW: Angebot Wartung', 'Quarterly figures', 'Password expires today', 'Lunch?',
  'Action required: verify your mailbox', 'Réunion du comité', 'Contract for signature', 'Site visit notes'] as const;

/** A mail address outside of the company. */
export function outsideAddress(random: Random): string {
  return `${random.pick(['sales', 'info', 'a.novak', 'billing', 'no-reply', 'j.smith', 'support'])}@${random.pick(['partner.example', 'customer.example', 'paper-supply.example', 'parcel-notice.example', 'bank.example'])}`;
}

/** An internet message id as Exchange makes them. */
export function messageId(random: Random): string {
  const server = `${random.pick(['AM0', 'DB8', 'VI1', 'HE1'])}PR0${random.integer(1, 9)}MB${random.digits(4)}`;
  return `<${server}${random.hex(30).toUpperCase()}@${server}.eurprd0${random.integer(1, 9)}.prod.outlook.com>`;
}

/** An Exchange item or folder id: long base64. */
export function itemId(random: Random, bytes = 51): string {
  return Buffer.from(random.hex(bytes * 2), 'hex').toString('base64');
}

/** The Exchange server that did it, with its build, and the line end that some records carry. */
export function exchangeServer(random: Random): string {
  return `${random.pick(['AM0', 'DB8', 'VI1', 'HE1'])}PR0${random.integer(1, 9)}MB${random.digits(4)} (15.20.${random.integer(7000, 9200)}.0${random.integer(10, 40)})${random.pick(['', '\n', '\r\n'])}`;
}
