/** Which hosts are reached without the proxy, in the notation of NO_PROXY. Names are compared as they are written: nothing is looked up. */
import { BlockList, isIP } from 'node:net';

export type Bypass = (target: URL) => boolean;

interface Rule {
  readonly port: string | undefined;
  readonly matches: (host: string) => boolean;
}

/**
 * Reads a list separated by commas or blanks: `example.com` is the host and all below it, `.example.com` and `*.example.com` only those below, `10.0.0.0/8`
 * and `fd00::/8` are networks, `host:8443` is one port of it, `*` is everything. This machine itself is never reached through a proxy.
 */
export function readBypass(list: string): Bypass {
  const rules = list.split(/[\s,]+/).filter((entry) => entry !== '').map(readRule);
  return (target) => {
    const host = bare(target.hostname).toLowerCase();
    const port = target.port !== '' ? target.port : target.protocol === 'http:' ? '80' : '443';
    return isThisMachine(host) || rules.some((rule) => (rule.port === undefined || rule.port === port) && rule.matches(host));
  };
}

function readRule(entry: string): Rule {
  const [, bracketed, named, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  // What has several colons and no brackets is an IPv6 address or network.
  const name = (bracketed ?? named ?? entry).toLowerCase();
  return { port, matches: matcherOf(name) };
}

function matcherOf(name: string): Rule['matches'] {
  if (name === '*') return () => true;
  const [address = '', prefix] = name.split('/');
  const family = isIP(address);
  if (family !== 0) {
    const type = family === 6 ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? family === 6 ? 128 : 32 : Number(prefix);
    const networks = new BlockList();
    // A network that is none matches nothing.
    if (!Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32)) return () => false;
    networks.addSubnet(address, bits, type);
    return (host) => isIP(host) !== 0 && networks.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
  }
  const suffix = name.replace(/^\*?\./, '.').replace(/\.$/, '');
  return suffix.startsWith('.') ? (host) => host.endsWith(suffix) : (host) => host === suffix || host.endsWith(`.${suffix}`);
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || isIP(host) === 4 && host.startsWith('127.');
}

/** The host as addresses are written outside URLs. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}
