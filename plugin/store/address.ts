/** The addresses of a store as an operator writes them. */
import { failure } from '../errors.ts';

/** `https://es1:9200,https://es2:9200/prefix` as URLs that end in a slash. Throws STORE_ADDRESS; what it quotes holds no password. */
export function readAddresses(text: string): readonly URL[] {
  return text.split(',').map((part) => {
    const written = part.trim();
    if (!URL.canParse(written)) throw failure('STORE_ADDRESS', { reason: 'it is no web address' });
    const url = new URL(written);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failure('STORE_ADDRESS', { reason: `it is of the kind ${url.protocol.slice(0, -1)}` });
    if (url.username !== '' || url.password !== '') throw failure('STORE_ADDRESS', { reason: 'it holds a user name or a password' });
    if (!url.pathname.endsWith('/')) url.pathname += '/';
    return new URL(`${url.origin}${url.pathname}`);
  });
}
