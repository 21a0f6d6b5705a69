import { failure } from '../../errors.ts';

/** Where a log agent listens. */
export type ForwardAddress =
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** The port on which log agents listen for Fluent Forward, unless the URL names another. */
const FORWARD_PORT = 24224;

/** Reads `forward://host:port`, `forward+tls://host:port` or `forward+unix:///path/of/the.sock`. Throws OUTPUT_URL. */
export function readForwardAddress(text: string): ForwardAddress {
  // The text may hold a password where none belongs; no failure repeats it.
  const refuse = (reason: string) => failure('OUTPUT_URL', { url: text.replace(/\/\/[^/]*@/, '//'), reason });
  if (!URL.canParse(text)) throw refuse('it is no URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw refuse('user and password do not belong here');
  if (url.search !== '' || url.hash !== '') throw refuse('it has a query or a fragment');
  switch (url.protocol) {
    case 'forward+unix:':
      if (url.host !== '' || url.pathname === '' || url.pathname === '/') throw refuse('the path of the socket must follow three slashes');
      return { kind: 'unix', path: decodePath(url.pathname, refuse) };
    case 'forward:':
    case 'forward+tls:':
      if (url.hostname === '') throw refuse('it names no host');
      if (url.pathname !== '' && url.pathname !== '/') throw refuse('nothing may follow the port');
      return {
        kind: url.protocol === 'forward:' ? 'tcp' : 'tls',
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: url.port === '' ? FORWARD_PORT : Number(url.port),
      };
    default:
      throw refuse(`"${url.protocol}" is not known`);
  }
}

function decodePath(path: string, refuse: (reason: string) => Error): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw refuse('a percent sign in its path begins no escape');
  }
}
