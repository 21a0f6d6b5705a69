/** Which proxy a request takes: the configured one, or that of the environment, as most programs have it. */
import { failure } from '../errors.ts';
import { readBypass } from './bypass.ts';

export interface Proxy {
  readonly url: URL;
  /** For the Proxy-Authorization header. */
  readonly authorization: string | undefined;
}

/** The proxy for a target; undefined means the direct way. */
export type ProxyChoice = (target: URL) => Proxy | undefined;

export interface ProxySettings {
  /** `http://host:port`, `https://host:port`, or `direct`, which passes over the environment. */
  readonly proxy?: string;
  readonly proxyUser?: string;
  readonly proxyPassword?: string;
  /** In place of NO_PROXY. */
  readonly proxyBypass?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws NETWORK_PROXY_ADDRESS for what is no address of an HTTP proxy. */
export function chooseProxy(settings: ProxySettings, environment: Environment): ProxyChoice {
  if (settings.proxy === 'direct') return () => undefined;
  const bypass = readBypass(settings.proxyBypass ?? variable('no_proxy', environment)?.text ?? '');
  const own = settings.proxy === undefined ? undefined : readProxy(settings.proxy, 'the option proxy', settings);
  const ofEnvironment = (name: string): Proxy | undefined => {
    const found = variable(name, environment) ?? variable('all_proxy', environment);
    return found === undefined ? undefined : readProxy(found.text, found.name, settings);
  };
  const byProtocol: Readonly<Record<string, Proxy | undefined>> = { 'https:': own ?? ofEnvironment('https_proxy'), 'http:': own ?? ofEnvironment('http_proxy') };
  return (target) => bypass(target) ? undefined : byProtocol[target.protocol];
}

/** The address is never repeated in a failure: it may hold a password. */
function readProxy(text: string, place: string, { proxyUser, proxyPassword }: ProxySettings): Proxy {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || url.hostname === '') throw failure('NETWORK_PROXY_ADDRESS', { place, reason: 'it is no web address' });
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failure('NETWORK_PROXY_ADDRESS', { place, reason: `it is of the kind ${url.protocol.slice(0, -1)}` });
  const user = proxyUser ?? decoded(url.username);
  const password = proxyPassword ?? decoded(url.password);
  const authorization = user === '' ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { url: new URL(url.origin), authorization };
}

/** A percent sign that stands for itself stays. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Lower case counts before upper case, as in curl. */
function variable(name: string, environment: Environment): { readonly name: string; readonly text: string } | undefined {
  return [name, name.toUpperCase()].map((key) => ({ name: key, text: environment[key]?.trim() ?? '' })).find(({ text }) => text !== '');
}
