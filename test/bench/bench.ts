/**
 * Speed on this machine: `npm run bench`. Each figure stands beside what it is to be compared with and the floor below which it would be a defect; floors are
 * shown here and asserted nowhere, for a busy machine is no defect.
 */
import { agentFigures } from './agent.ts';
import { collectorFigures } from './collector.ts';
import { codecFigures } from './codec.ts';
import { printFigures } from './figures.ts';
import { largeBlobFigures } from './large-blob.ts';
import { manyTenantsFigures } from './many-tenants.ts';
import { quotaFigures } from './quota.ts';
import { startUpFigures } from './start-up.ts';

const parts = { 'start-up': startUpFigures, codec: codecFigures, agent: agentFigures, collector: collectorFigures, 'large-blob': largeBlobFigures, quota: quotaFigures, 'many-tenants': manyTenantsFigures };
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) printFigures(name, await measure());
}
