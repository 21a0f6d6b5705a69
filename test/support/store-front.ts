/** Before a real store: answers in its place what its distribution has and the node of the tests lacks, and lets everything else through. */
import { json, startFarEnd, type FarEnd, type SeenRequest } from './far-end.ts';

export interface FrontAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Starts one before the store at `url`, which has no slash at its end; `instead` is undefined for what the store itself answers. */
export async function startStoreFront(url: string, instead: (request: SeenRequest) => FrontAnswer | undefined): Promise<FarEnd> {
  return startFarEnd(async (request, response) => {
    try {
      const answer = instead(request);
      if (answer !== undefined) {
        json(response, answer.status, answer.body);
        return;
      }
      const { method, target, body, headers } = request;
      const passed = await fetch(url + target, { method, ...(method === 'GET' || method === 'HEAD' ? {} : { body }), headers: { 'content-type': headers['content-type'] ?? 'application/json' } });
      const product = passed.headers.get('x-elastic-product');
      response.writeHead(passed.status, { 'content-type': 'application/json', ...(product === null ? {} : { 'x-elastic-product': product }) }).end(await passed.text());
    } catch {
      // a store that cannot be reached is one that does not answer
      response.socket?.destroy();
    }
  });
}
