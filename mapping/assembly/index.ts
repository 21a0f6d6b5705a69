/** What the module exports, and nothing else: CI checks the list, and that there are no imports. */
export { malloc, free } from './memory';
export { mapRecord, o365_to_ecs, resultLength } from './filter';
export { split } from './codec/split';
export { splitSettings } from './codec/settings';
