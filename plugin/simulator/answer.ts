/** What the simulated service answers, before it goes onto a connection. */
import { API_ERRORS, type ApiErrorCode } from './api-errors.table.ts';
import type { ErrorForm } from './faults.table.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The content type; JSON by default. */
  readonly type?: string;
  /** Ready bytes in pieces, or a text. */
  readonly body: string | readonly Buffer[];
  /** True for the body of a content blob: the faults of bodies are for these. */
  readonly isBlob?: boolean;
}

const HTML = 'text/html; charset=us-ascii';

/** An answer of compact JSON text. */
export function json(status: number, body: string): Answer {
  return { status, body };
}

/** The refusal with this AF code, in the words of the API reference; `{0}` and so on are filled with `values`. */
export function apiError(code: ApiErrorCode, ...values: readonly string[]): Answer {
  const { status, message } = API_ERRORS[code];
  return errorAnswer({ status, code, message: message.replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)] ?? '') });
}

export interface ErrorDescription {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly form?: ErrorForm;
  /** Seconds or an HTTP date; nothing when empty. */
  readonly retryAfter?: string;
}

/** An error of the API in any of the forms that it has been seen in. */
export function errorAnswer({ status, code, message, form = 'json', retryAfter = '' }: ErrorDescription): Answer {
  const headers: Record<string, string> = retryAfter === '' ? {} : { 'Retry-After': retryAfter };
  const body = JSON.stringify({ error: { code, message } });
  switch (form) {
    case 'single-quoted': return { status, headers, body: `{'error':{'code':'${code}','message':'${message}'}}` };
    case 'html': return { ...htmlPage(status, `${code} ${message}`), headers };
    case 'empty': return { status, headers, body: '' };
    case 'cut-off': return { status, headers, body: body.slice(0, Math.ceil(body.length * 0.6)) };
    case 'json': return { status, headers, body };
  }
}

/** What ASP.NET says about a path that it does not know. */
export function unknownRoute(url: string): Answer {
  return json(404, JSON.stringify({ Message: `No HTTP resource was found that matches the request URI '${url}'.` }));
}

/** What ASP.NET says about a method that a path does not have. */
export function wrongMethod(method: string): Answer {
  return json(405, JSON.stringify({ Message: `The requested resource does not support http method '${method}'.` }));
}

/** What ASP.NET says about a missing, broken or expired token. */
export function unauthorized(): Answer {
  return { ...json(401, '{"Message":"Authorization has been denied for this request."}'), headers: { 'WWW-Authenticate': 'Bearer' } };
}

/** The page of IIS for a POST that does not say how long it is. */
export function lengthRequired(): Answer {
  return {
    status: 411,
    type: HTML,
    body: '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n<HTML><HEAD><TITLE>Length Required</TITLE>\r\n'
      + '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n<BODY><h2>Length Required</h2>\r\n'
      + '<hr><p>HTTP Error 411. The request must be chunked or have a content length.</p>\r\n</BODY></HTML>\r\n',
  };
}

/** A page of the front door, as it answers when what is behind it does not. */
export function htmlPage(status: number, sentence: string): Answer {
  return { status, type: HTML, body: `<!DOCTYPE html><html><head><title>${status}</title></head><body><h2>Our services aren't available right now</h2><p>${sentence}</p></body></html>` };
}
