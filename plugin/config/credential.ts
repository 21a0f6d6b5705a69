/** How an `audit:` block says who the application is and where it signs in: exactly one credential, and the hosts of a cloud. */
import { CLOUD_NAMES, CLOUDS, type Credential, type SecretSource, type Tenant } from '../types.ts';
import type { AuditBlock } from './audit-block.ts';
import type { ModuleKeyPath } from './module-keys.ts';
import { isDomain, isGuid, readAddress } from './value.ts';
import type { Environment } from './variables.ts';

/** The ways to sign in, each by the keys that ask for it. */
const CREDENTIAL_KEYS = ['var.client_secret', 'var.client_secret_file', 'var.client_secret_command', 'var.certificate', 'var.federated_token_file'] as const;
const CERTIFICATE_KEYS = ['var.key', 'var.key_passphrase', 'var.key_passphrase_file', 'var.key_passphrase_command', 'var.certificate_thumbprint', 'var.send_certificate'] as const;

/**
 * The credential of a block; undefined after a mistake was noted. Where the block names none, the federated token of Azure workload identity counts
 * (https://azure.github.io/azure-workload-identity/docs/quick-start.html).
 */
export function readCredential(block: AuditBlock, environment: Environment): Credential | undefined {
  const secrets = secretsOf(block, 'var.client_secret');
  const certificate = readCertificate(block);
  const tokenFile = block.file('var.federated_token_file');
  const values = new Map<ModuleKeyPath, unknown>([...secrets, ['var.certificate', certificate], ['var.federated_token_file', tokenFile]]);
  const [first, second] = CREDENTIAL_KEYS.filter((key) => block.isGiven(key, values.get(key)));
  const workload = environment.AZURE_FEDERATED_TOKEN_FILE ?? '';
  if (first === undefined && workload !== '') return { kind: 'federated', tokenFile: workload };
  if (first === undefined) {
    block.mistake('var.client_secret', 'var.client_secret or var.certificate', 'neither', 'Add one, such as var.client_secret: ${O365_CLIENT_SECRET}.');
  } else if (second !== undefined) {
    block.mistake(second, `either ${first} or ${second}`, 'both', 'Keep the one that the application is registered with.');
  }
  for (const key of CERTIFICATE_KEYS) {
    // What is wrong in itself has been said already.
    if (block.placeOf(key) !== undefined && !block.isGiven(key, undefined) && !block.isGiven('var.certificate', certificate)) {
      block.mistake(key, 'var.certificate beside it', 'none', 'Add var.certificate, or leave this out.');
    }
  }
  const [secret] = secrets.values();
  if (secret !== undefined) {
    if (typeof secret === 'string' && isGuid(secret)) block.notice('var.client_secret', 'This looks like the secret\'s ID. What signs in is its value, which Entra ID shows only once.');
    return { kind: 'secret', secret };
  }
  return certificate ?? (tokenFile === undefined ? undefined : { kind: 'federated', tokenFile });
}

function readCertificate(block: AuditBlock): Credential | undefined {
  const certificate = block.file('var.certificate');
  const key = block.file('var.key');
  const passphrases = secretsOf(block, 'var.key_passphrase');
  const [first, second] = passphrases.keys();
  if (first !== undefined && second !== undefined) block.mistake(second, `either ${first} or ${second}`, 'both', 'Keep one of them.');
  const [passphrase] = passphrases.values();
  const thumbprint = block.text('var.certificate_thumbprint') === 'sha1' ? 'sha1' : 'sha256';
  const sendsCertificate = block.flag('var.send_certificate');
  if (certificate === undefined) return undefined;
  return {
    kind: 'certificate', certificate, ...(key === undefined ? {} : { key }), ...(passphrase === undefined ? {} : { passphrase }),
    ...(thumbprint === 'sha1' ? { thumbprint } : {}), ...(sendsCertificate ? { sendsCertificate } : {}),
  };
}

/** A secret as text, as a file or as a program's output, by the keys that are set. */
function secretsOf(block: AuditBlock, path: 'var.client_secret' | 'var.key_passphrase'): ReadonlyMap<ModuleKeyPath, SecretSource> {
  const text = block.secret(path);
  const file = block.file(`${path}_file`);
  const command = block.texts(`${path}_command`);
  return new Map<ModuleKeyPath, SecretSource>([
    ...(text === undefined ? [] : [[path, text]] as const), ...(file === undefined ? [] : [[`${path}_file`, { file }]] as const),
    ...(command === undefined || command.length === 0 ? [] : [[`${path}_command`, { command }]] as const),
  ]);
}

/** The application's id; workload identity brings its own. */
export function readApplicationId(block: AuditBlock, workload: Environment): string {
  const id = block.text('var.application_id');
  if (block.isGiven('var.application_id', id)) return id ?? '';
  const ofWorkload = workload.AZURE_CLIENT_ID ?? '';
  if (isGuid(ofWorkload)) return ofWorkload;
  block.mistake('var.application_id', 'the application (client) ID of the app registration', 'nothing', 'Add var.application_id.');
  return '';
}

/** The tenant of workload identity, where the block names none. */
export function readTenantOfWorkload(block: AuditBlock, workload: Environment): readonly Tenant[] | undefined {
  const id = (workload.AZURE_TENANT_ID ?? '').toLowerCase();
  return block.placeOf('var.tenants') === undefined && (isGuid(id) || isDomain(id)) ? [{ id }] : undefined;
}

/** Login host and API of the cloud, unless they are set themselves. */
export function readAddresses(block: AuditBlock, workload: Environment): { readonly authenticationEndpoint: URL; readonly resource: URL } {
  const chosen = block.text('var.cloud');
  const { login, api } = CLOUDS[CLOUD_NAMES.find((name) => name === chosen) ?? 'commercial'];
  const ofWorkload = block.placeOf('var.cloud') === undefined ? readAddress(workload.AZURE_AUTHORITY_HOST ?? '') : undefined;
  return {
    authenticationEndpoint: block.address('var.api.authentication_endpoint', ofWorkload !== undefined && 'url' in ofWorkload ? ofWorkload.url : new URL(login)),
    resource: block.address('var.api.resource', new URL(api)),
  };
}
