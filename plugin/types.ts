/**
 * What rooms hand each other. A room (a folder of plugin/) imports this file, errors.ts and telemetry/log.ts, and no other room; the
 * corridors (commands/ and collect.ts, rooms.ts and records.ts of collect/) fetch from one room what the next one needs. Times are milliseconds since 1970 (…Ms) unless
 * they are texts of the service, which stay as they came.
 */

import type { Readable } from 'node:stream';

/** The five feeds of the Management Activity API; DLP.All needs a permission of its own. */
export const CONTENT_TYPES = ['Audit.AzureActiveDirectory', 'Audit.Exchange', 'Audit.SharePoint', 'Audit.General', 'DLP.All'] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

/**
 * Where each Microsoft cloud issues tokens and where its Management Activity API lives: the two change together.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference and
 * https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud (the German cloud was closed in 2021).
 */
export const CLOUDS = {
  commercial: { login: 'https://login.microsoftonline.com', api: 'https://manage.office.com', otherLogins: ['login.windows.net'] },
  // GCC signs in at the commercial host; manage.office.com would answer its tenants with empty lists.
  gcc: { login: 'https://login.microsoftonline.com', api: 'https://manage-gcc.office.com', otherLogins: ['login.windows.net'] },
  'gcc-high': { login: 'https://login.microsoftonline.us', api: 'https://manage.office365.us', otherLogins: [] },
  dod: { login: 'https://login.microsoftonline.us', api: 'https://manage.protection.apps.mil', otherLogins: [] },
  china: { login: 'https://login.partner.microsoftonline.cn', api: 'https://manage.office365.cn', otherLogins: ['login.chinacloudapi.cn'] },
} as const satisfies Record<string, { readonly login: string; readonly api: string; readonly otherLogins: readonly string[] }>;
export type CloudName = keyof typeof CLOUDS;
export const CLOUD_NAMES = Object.keys(CLOUDS) as readonly CloudName[];

/** Rules of the mapping that are off until they are asked for; the golden cases' README says what each does. */
export const MAPPING_SWITCHES = [
  'alerts_of_peers', 'dlp_message', 'info_string_user_agent', 'parse_parameters', 'rule_name_air', 'strip_quotes', 'target_roles', 'user_roles',
] as const;
export type MappingSwitch = (typeof MAPPING_SWITCHES)[number];

/** What becomes of the secrets that data loss prevention has found in a text. */
export const DLP_DETECTIONS = ['keep', 'hash', 'drop'] as const;
export type DlpDetections = (typeof DLP_DETECTIONS)[number];

/**
 * A Microsoft 365 organisation as configured: `id` is its GUID or one of its domains, `name` what documents call it, `namespace` the last part of its
 * data stream's name in place of the collector's.
 */
export interface Tenant {
  readonly id: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** A secret's text, or where it is read whenever it is needed: a file, or the output of a program, which is started without a shell. */
export type SecretSource = string | { readonly file: string } | { readonly command: readonly string[] };

/** How the application proves who it is. Paths are read when a token is asked for, so that a rotated file counts. */
export type Credential =
  | { readonly kind: 'secret'; readonly secret: SecretSource }
  | CertificateCredential
  /** The file of a token that another issuer, such as a Kubernetes cluster, gives this workload and renews. */
  | { readonly kind: 'federated'; readonly tokenFile: string };

/** `certificate` and `key` are paths or PEM texts. Both thumbprints are computed; `sha1` is for tenants that refuse the other. */
export interface CertificateCredential {
  readonly kind: 'certificate';
  readonly certificate: string;
  readonly key?: string;
  readonly passphrase?: SecretSource;
  readonly thumbprint?: 'sha256' | 'sha1';
  /** Whether the certificate itself goes along (x5c), for applications that trust its subject and issuer. */
  readonly sendsCertificate?: boolean;
}

/** From so many days before a credential expires on, that is said: Entra says so only when it has. */
export const CREDENTIAL_WARNING_DAYS = 30;

/** A span of `contentCreated`, start inclusive, end exclusive. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** One element of a content listing: a blob of audit events that waits to be fetched. Times are the service's own texts. */
export interface ContentBlob {
  readonly contentId: string;
  readonly contentUri: string;
  readonly contentType: ContentType;
  readonly contentCreated: string;
  readonly contentExpiration: string;
  /** An operator has ordered it: its events are sent even if they were delivered before. */
  readonly isOrdered?: true;
}

/** Encoded records on their way to an output: whole entries, one behind the other, never a part of one. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly eventCount: number;
  /** INDEX_WORDS for each event: where its entry ends in `bytes`, and 96 bits of a keyed hash of its id. */
  readonly index?: Uint32Array;
}

/** Words of a batch's index for one event. */
export const INDEX_WORDS = 4;

/** What of a batch was delivered before or is on its way, and so is not to be sent, and what became of the rest. Either `delivered` or `failed` must be called in the end. */
export interface Claim {
  /** For each event of the batch 1 if it is not to be sent, for it was delivered or is on its way; undefined when all are to be sent. */
  readonly known: Uint8Array | undefined;
  readonly knownCount: number;
  /** The fates of batches that have the known ones on their way: when one of them fails, its events were not delivered. */
  readonly elsewhere: readonly Promise<void>[];
  /** These events of the batch were delivered, whatever becomes of the others; that is written, too. */
  partDelivered(index: Uint32Array): void;
  /** All of them were: nobody sends them again while this process lives. */
  delivered(): void;
  /** Writes that they were, for those who come after. */
  keep(): void;
  failed(reason: unknown): void;
}

/** Where batches go. `deliver` resolves when the far side has taken responsibility for every event, and rejects otherwise. */
export interface Output {
  /** `attempts` in place of the output's own. */
  deliver(batch: Batch, attempts?: number): Promise<void>;
  /** Batches that it has taken so far. */
  readonly acknowledged: number;
  /** Keeps an eye on all that is delivered from now on. */
  watch(): DeliveryWatch;
  /** Resolves when what was promised is flushed and the connection is down. */
  close(): Promise<void>;
}

/** For a far side which may still lose, for a moment, what it has taken responsibility for. */
export interface DeliveryWatch {
  /** Resolves when what was delivered under this watch is past that moment; rejects with OUTPUT_UNSETTLED when it may be lost. */
  settled(signal: AbortSignal): Promise<void>;
}

/** Time as the program sees it; tests hand in their own. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

/** An answer of an HTTP server; header names are lower case. The body must be read or dumped, else its socket stays taken. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Reads the whole body as UTF-8, at most `limitBytes` of it (64 KiB by default); the rest is thrown away. */
  text(limitBytes?: number): Promise<string>;
  /** Throws the body away, so that the connection can be used again. */
  dump(): Promise<void>;
}

/** One HTTP exchange under the network room's rules (deadlines, TLS, no redirects). Rejects with a NETWORK_… failure. */
export type HttpRequest = (url: URL, options?: {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}) => Promise<HttpResponse>;

/** Everything a command may know of the process around it; only main.ts touches the real one. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly clock: Clock;
  readonly version: string;
  readonly processId: number;
  /** The folder in which the program's own files lie (o365_ecs.wasm). */
  readonly programFolder: string;
  /** Aborted by SIGTERM, SIGINT or the parent's death; its reason says which. */
  readonly stop: AbortSignal;
}
