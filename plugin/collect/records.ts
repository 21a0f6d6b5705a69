/** How records are made of the events of a blob or a file: a corridor between the configuration and the module. */
import type { Config, Source } from '../config/config.ts';
import { envelopeTexts } from '../module/envelope.ts';
import type { Gathering } from '../module/gathering.ts';
import type { EcsModule } from '../module/instance.ts';
import { createSplitter, type SplitOptions, type Splitter } from '../module/splitter.ts';
import type { Clock, ContentType, Tenant } from '../types.ts';

interface Parts {
  readonly config: Pick<Config, 'collector'>;
  readonly module: EcsModule;
  readonly gathering: Gathering;
  readonly surroundings: { readonly clock: Clock };
}

export interface Origin {
  /** For failures. */
  readonly blob: string;
  readonly tenant?: Tenant;
  readonly contentType?: ContentType;
  readonly lines?: boolean;
  /** The key of the hashes of ids, where somebody remembers them. */
  readonly idKey?: Uint32Array | undefined;
}

const NO_KEY = new Uint32Array(4);

/** A splitter whose records say where they come from. */
export function splitterOf(source: Source, { config: { collector }, module, gathering, surroundings: { clock } }: Parts, { blob, tenant, contentType, lines = false, idKey = NO_KEY }: Origin): Splitter {
  const { output, format, encoding, namespace, frameBytes, mappingSwitches, dlpDetections } = collector;
  const envelope = envelopeTexts({
    createdMs: clock.nowMs(), namespace: tenant?.namespace ?? namespace, mappingSwitches, dlpDetections, tags: source.preserveOriginalEvent ? [...source.tags, 'preserve_original_event'] : source.tags,
    fields: source.fieldsUnderRoot || Object.keys(source.fields).length === 0 ? source.fields : { fields: source.fields },
    ...(tenant === undefined ? {} : { organizationId: tenant.id }), ...(tenant?.name === undefined ? {} : { organizationName: tenant.name }),
    ...(contentType === undefined ? {} : { contentType }),
  });
  const isStdout = output === 'stdout';
  const options: SplitOptions = {
    format, encoding: isStdout ? encoding : 'msgpack', preserveOriginalEvent: source.preserveOriginalEvent,
    // an agent makes @timestamp from the record's own time
    timestamp: isStdout, batchBytes: frameBytes, lines, gathering, idKey,
  };
  return createSplitter(module, envelope, options, blob, () => clock.nowMs());
}
