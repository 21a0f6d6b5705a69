/** The part of `setup` that is Kibana's: the dashboard. */
import type { OptionsOf } from '../config/options.ts';
import { failure } from '../errors.ts';
import { dashboardFile } from '../report/dashboard.ts';
import { readAddresses } from '../store/address.ts';
import { importSavedObjects } from '../store/kibana.ts';
import type { Log } from '../telemetry/log.ts';
import type { Surroundings } from '../types.ts';
import { withStoreNetwork } from './store.ts';

/** Where `--print` puts the dashboard. */
export const DASHBOARD_FILE = 'dashboard.ndjson';

/** Installs the dashboard, or with `--dry-run` and `--remove` does not; resolves with what to tell of it. Rejects with STORE_ADDRESS, KIBANA_ and NETWORK_ failures. */
export async function setUpKibana(options: OptionsOf<'setup'>, surroundings: Surroundings, log: Log): Promise<string> {
  const { kibana = '', kibanaSpace: space } = options;
  const [url] = readAddresses(kibana);
  if (url === undefined) throw failure('STORE_ADDRESS', { reason: 'none was given' });
  const name = `${url.host}${space === undefined ? '' : `, space ${space}`}`;
  if (options.remove) return `The dashboard stays in Kibana (${name}): delete what is marked [o365audit] under Saved Objects there.`;
  if (options.dryRun) return `The dashboard would be imported into Kibana (${name}), in place of an older one.`;
  const count = await withStoreNetwork(options, surroundings, log, ({ request }, credentials) => importSavedObjects(dashboardFile(), { url, space, ...credentials }, request, surroundings.stop));
  return `${count} saved objects are in Kibana (${name}): the dashboard is called Microsoft 365 audit [o365audit].`;
}
