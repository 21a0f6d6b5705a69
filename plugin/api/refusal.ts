/**
 * The body of an answer that is not a success, whatever form it has: the documented JSON, the same in single quotes, ASP.NET's own, a page of
 * HTML, nothing, or something cut off. Only so much of it is read as a log line can use.
 */
import type { HttpResponse } from '../types.ts';

/** How much of a body is read; the rest is thrown away. */
const BODY_BYTES_MAX = 16 * 1024;
/** How much of it a failure's text may quote. */
const SNIPPET_CHARACTERS_MAX = 240;

export interface Refusal {
  readonly status: number;
  /** The service's own code, as `AF20055`; undefined if none can be found. */
  readonly code: string | undefined;
  /** What the service said, as one short line without markup and tokens; '' for an empty body. */
  readonly text: string;
}

/** Reads the refusal out of an answer; never fails, since a broken body is still a refusal. */
export async function readRefusal(response: HttpResponse): Promise<Refusal> {
  const body = await readSome(response.body);
  const said = saidIn(body);
  return { status: response.status, code: said.code?.startsWith('AF') === true ? said.code : undefined, text: textOf(said) };
}

/** What the service said in a body, as one short line without markup and tokens. */
export function textOfRefusal(body: string): string {
  return textOf(saidIn(body));
}

function textOf({ code, message }: Said): string {
  return snippetOf([code !== undefined && !message.includes(code) ? code : '', message].filter((part) => part !== '').join(': '));
}

interface Said {
  readonly code: string | undefined;
  readonly message: string;
}

async function readSome(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk.subarray(0, BODY_BYTES_MAX - bytes));
      bytes += chunk.length;
      if (bytes >= BODY_BYTES_MAX) break;
    }
  } catch {
    // What came before the line broke tells enough; the status stands anyway.
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function saidIn(body: string): Said {
  return fromJson(body) ?? fromText(body);
}

/** `{"error":{"code","message"}}`, or ASP.NET's `{"Message"}`. */
function fromJson(body: string): Said | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { error, Message: message } = members(value);
  const inner = members(error);
  if (typeof inner.message === 'string' || typeof inner.code === 'string') {
    return { code: typeof inner.code === 'string' ? inner.code : undefined, message: typeof inner.message === 'string' ? inner.message : '' };
  }
  return typeof message === 'string' ? { ...fromText(message), message } : undefined;
}

/** Anything else: a code is looked for by its form, markup and JSON's own signs are left out of the message. */
function fromText(body: string): Said {
  const code = /\bAF\d{3,5}\b/.exec(body)?.[0];
  const message = /['"]message['"]\s*:\s*['"](.*?)['"]\s*[},]/s.exec(body)?.[1];
  return { code, message: message ?? body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ') };
}

/** One short line; anything that looks like a token is taken out, in case a proxy echoes the request. */
function snippetOf(text: string): string {
  const line = text.replace(/\beyJ[\w-]+(\.[\w-]*)*/g, '<token>').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > SNIPPET_CHARACTERS_MAX ? `${line.slice(0, SNIPPET_CHARACTERS_MAX)}…` : line;
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
}
