/** What an application shows to Entra to prove who it is, made from the credential at the moment when it is needed. */
import { stat } from 'node:fs/promises';
import type { Clock, Credential } from '../types.ts';
import { isPemText, readCertificates } from './certificate.ts';
import { readFederatedToken } from './federated-token.ts';
import { readSecret } from './secret.ts';

/** One proof in msal-node's own terms. */
export interface Proof {
  /** Tells the certificates of a rollover apart: the SHA-256 thumbprint; '' for everything else. */
  readonly name: string;
  readonly auth:
    | { readonly clientSecret: string }
    | { readonly clientCertificate: { readonly privateKey: string; readonly thumbprintSha256?: string; readonly thumbprint?: string; readonly x5c?: string } }
    | { readonly clientAssertion: string };
}

/**
 * All proofs that the credential has, to be tried one after the other; more than one only while certificates are rolled over. Throws AUTH_SECRET_UNREADABLE,
 * AUTH_HELPER, AUTH_FEDERATED_TOKEN, and the failures of readCertificates.
 */
export async function readProofs(credential: Credential, clock: Clock, signal?: AbortSignal): Promise<readonly Proof[]> {
  switch (credential.kind) {
    case 'secret': return [{ name: '', auth: { clientSecret: await readSecret(credential.secret, 'client secret', signal) } }];
    case 'federated': return [{ name: '', auth: { clientAssertion: await readFederatedToken(credential.tokenFile, clock) } }];
    case 'certificate': {
      const certificates = await readCertificates(credential, clock, signal);
      return certificates.map(({ thumbprintSha256, thumbprintSha1, privateKey, chain }) => {
        const x5c = credential.sendsCertificate === true ? { x5c: chain } : {};
        const thumbprint = credential.thumbprint === 'sha1' ? { thumbprint: thumbprintSha1 } : { thumbprintSha256 };
        return { name: thumbprintSha256, auth: { clientCertificate: { ...thumbprint, privateKey, ...x5c } } };
      });
    }
  }
}

/** The state on disk of all files that the credential is read from; another text than before means that it was replaced. */
export async function stampOf(credential: Credential): Promise<string> {
  const stamps = await Promise.all(filesOf(credential).map(async (file) => {
    // A file that is not there has a state too; whoever reads it says so.
    const state = await stat(file).catch(() => undefined);
    return state === undefined ? 'none' : `${state.ino}.${state.mtimeMs}.${state.size}`;
  }));
  return stamps.join(' ');
}

function filesOf(credential: Credential): readonly string[] {
  switch (credential.kind) {
    case 'secret': return typeof credential.secret === 'object' && 'file' in credential.secret ? [credential.secret.file] : [];
    case 'federated': return [credential.tokenFile];
    case 'certificate': {
      const { certificate, key, passphrase } = credential;
      const passphraseFile = typeof passphrase === 'object' && 'file' in passphrase ? [passphrase.file] : [];
      return [...[certificate, key ?? ''].filter((source) => source !== '' && !isPemText(source)), ...passphraseFile];
    }
  }
}
