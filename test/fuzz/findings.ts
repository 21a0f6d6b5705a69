/** What went wrong, by kinds of failure: the first input of each kind is made small and written to a file, the others are counted. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judge } from './judge.ts';
import { minimise } from './minimise.ts';

const KINDS_LIMIT = 40;
const SHOWN_LIMIT = 300;

/** Collects failures while a run goes on; nothing of it throws but a folder that cannot be written. */
export class Findings {
  readonly #folder: string;
  readonly #judge: Judge;
  readonly #counts = new Map<string, number>();

  /** `folder` is made when there is something to write. */
  constructor(folder: string, judge: Judge) {
    this.#folder = folder;
    this.#judge = judge;
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Takes in an input with its faults; answers a message the first time that a kind of failure is seen. */
  add(input: Buffer, faults: readonly string[]): string | undefined {
    const kind = kindOf(faults[0] ?? '');
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count > 1 || this.#counts.size > KINDS_LIMIT) return undefined;
    const small = minimise(input, (candidate) => this.#judge.faults(candidate).some((fault) => kindOf(fault) === kind));
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, `${this.#counts.size}.json`);
    writeFileSync(file, small);
    const fault = this.#judge.faults(small).find((candidate) => kindOf(candidate) === kind) ?? 'only once: it depends on the records before';
    return `${fault}\n    ${small.toString('latin1').slice(0, SHOWN_LIMIT)}\n    ${file}`;
  }

  /** The kinds with their counts, the most frequent first. */
  summary(): string[] {
    return [...this.#counts].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => `${count} x ${kind}`);
  }
}

/** Names with rules of their own, which tell one kind of failure from another. */
const SPECIAL = /^(?:Parameters|ExtendedProperties|Modified\w+|Data|Actions|AlertLinks|Platform|ExceptionInfo|Sender\w*|Message\w*|Folders|AppAccessContext|AdditionalInfo|OperationProperties|ReportMetadata)$/;

/** Failures that differ only in names, numbers and texts are of one kind. */
function kindOf(fault: string): string {
  const at = fault.indexOf(': ');
  const path = fault.slice(0, Math.max(at, 0));
  const sentence = fault.slice(at + 2).replace(/"(?:[^"\\]|\\.)*"?|-?\d[\d.e+]*|\btrue\b|\bfalse\b/g, '…').replace(/[[{].*?(?=$| (?:is|has|lies|stands) )/, '…');
  const known = /^(?:… )?(?:is no |is not |is a |is an |is empty|has |lies |stands |not |another |no object)|^dropped|^trap|^an error|^pipeline|^not there/.test(sentence) ? sentence.slice(0, 100) : 'missing';
  const isRaw = known === 'missing' || path.startsWith('o365.');
  const [first = ''] = path.replace(/^o365\.audit\./, '').split('.');
  const place = /_raw$|_object$/.exec(path)?.[0] ?? (!isRaw && known !== 'stands twice' && !known.startsWith('dropped') ? path : SPECIAL.test(first) ? first : '…');
  return `${place}: ${known}`;
}
