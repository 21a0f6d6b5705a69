/** `o365audit config`: the configuration as it takes effect, or with --check one sentence about it. */
import { loadConfig, noticeText } from '../config/config.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { printConfig } from '../config/print.ts';
import { counted } from '../telemetry/counted.ts';
import type { Surroundings } from '../types.ts';

/** Prints to stdout, notices to stderr. Throws CONFIG_… failures, whose text lists every mistake. */
export function config({ flags }: ArgumentsOf<'config'>, { env, stdout, stderr }: Surroundings): Promise<number> {
  const loaded = loadConfig({ flags, env });
  for (const notice of loaded.notices) stderr.write(`${noticeText(notice)}\n`);
  const tenants = loaded.sources.reduce((sum, source) => sum + source.tenants.length, 0);
  const sentence = `The configuration is good: ${counted(loaded.sources.length, 'source')}, ${counted(tenants, 'tenant')}.\n`;
  stdout.write(flags.check === true ? sentence : printConfig(loaded));
  return Promise.resolve(0);
}
