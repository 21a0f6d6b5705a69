/** The command line: which command, and what its flags say. Flags are only sorted here; their values are read where the file's are. */
import yargs, { type Argv } from 'yargs';
import { failure } from '../errors.ts';
import { flagText } from './collector.ts';
import { nearest } from './nearest.ts';
import { quote } from './node.ts';
import { COMMANDS, OPTIONS, optionsOf, type Command, type Flags, type FlagValue, type Option, type OptionName } from './options.ts';
import { readValue } from './value.ts';

/** What was asked for: help, the version, or a command with its flags. */
export type CommandLine = { readonly help: string } | { readonly version: true } | { readonly command: Command; readonly flags: Flags };

/** Columns of --help at most. */
const maxHelpColumns = 120;

/** Reads the words after the program's name. Throws USAGE for an unknown command or flag, naming the nearest. */
export async function readCommandLine(words: readonly string[], columns = maxHelpColumns): Promise<CommandLine> {
  const parser = createParser(Math.min(columns, maxHelpColumns));
  let help = '';
  const parsed = await parser.parse(separate(words), {}, (_error: unknown, _parsed: unknown, output: string) => { help = output; }) as Parsed;
  if (help !== '') return { help: `${help}\n` };
  if (parsed.version === true) return { version: true };
  const [command, ...rest] = parsed._.map(String);
  if (command === undefined) throw usage(`Say what to do: ${Object.keys(COMMANDS).join(', ')}`);
  if (!isCommand(command)) {
    const near = nearest(command, Object.keys(COMMANDS));
    throw usage(`There is no command ${command}${near === undefined ? '' : `; ${near} is the nearest`}`);
  }
  const flags = readFlags(command, parsed);
  if (rest.length === 0) return { command, flags };
  const positional = positionalOf(command);
  if (positional === undefined) throw usage(`${command} takes no further words, and there is ${rest.join(' ')}`);
  return { command, flags: { ...flags, [positional[0]]: rest } };
}

/** The flags of a command line with a mistake, as far as they are clear: whoever must say so has to know where, and how soon. */
export async function readClearFlags(command: Command, words: readonly string[]): Promise<Flags> {
  const attempt = <Result>(read: () => Result): Result | undefined => {
    try {
      return read();
    } catch {
      return undefined; // the mistake, or one of them: somebody has been told
    }
  };
  const parsed = await createParser(maxHelpColumns).parse(words.flatMap((word) => attempt(() => separate([word])) ?? []), {}, () => undefined) as Parsed;
  return flagsIn(command, parsed, (option, given) => attempt(() => readFlag(option, given)));
}

interface Parsed {
  readonly _: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/** Known to yargs 18, not yet to its types. */
interface WithUsageConfiguration {
  usageConfiguration(settings: { readonly 'hide-types': boolean }): Argv;
}

function createParser(columns: number): Argv {
  let parser: Argv = yargs().scriptName('o365audit')
    .usage('Microsoft 365 audit events into the log agent you already run.\n\n$0 <command> [options]')
    .locale('en').version(false).help('help').alias('help', 'h').describe('help', 'Show this; after a command, its options').wrap(columns)
    .option('version', { alias: 'V', type: 'boolean', describe: 'Show the version' })
    .exitProcess(false).showHelpOnFail(false)
    .parserConfiguration({
      'camel-case-expansion': false, 'dot-notation': false, 'duplicate-arguments-array': true, 'flatten-duplicate-arrays': false, 'greedy-arrays': false,
      'parse-numbers': false, 'parse-positional-numbers': false, 'strip-aliased': true,
    })
    .epilogue('o365audit <command> --help shows the options of a command.');
  parser = (parser as Argv & WithUsageConfiguration).usageConfiguration({ 'hide-types': true });
  for (const command of Object.keys(COMMANDS) as Command[]) {
    const { sentence, examples } = COMMANDS[command];
    const words = positionalOf(command)?.[1].positional ?? '';
    parser = parser.command(command, sentence, (inner) => {
      inner.usage(`$0 ${`${command} [options] ${words}`.trimEnd()}\n\n${sentence}`);
      for (const [line, meaning] of examples) inner.example(`$0 ${line}`, meaning);
      for (const [, option] of optionsOf(command)) declare(inner, option);
      return inner.epilogue(epilogueOf(command));
    });
  }
  return parser;
}

/** The words behind a command that are no flags, where it takes any. */
function positionalOf(command: Command): readonly [OptionName, Option] | undefined {
  return optionsOf(command).find(([, { positional }]) => positional !== undefined);
}

function declare(parser: Argv, option: Option): void {
  if (option.flag === undefined) return;
  const standard = option.default === undefined || option.type === 'boolean' && option.default === 'false' ? '' : ` (default: ${option.default})`;
  const describe = `${option.sentence}${standard}${option.environment === undefined ? '' : ` [${option.environment}]`}`;
  parser.option(option.flag, { describe, type: option.type === 'boolean' ? 'boolean' : 'string', group: `${option.group}:`, ...(option.alias === undefined ? {} : { alias: option.alias }) });
}

/** What stands below the options: the words behind them, where else options may be set, and where secrets go. */
function epilogueOf(command: Command): string {
  const options = optionsOf(command).map(([, option]) => option);
  const words = options.filter(({ positional }) => positional !== undefined).map(({ positional, sentence }) => `${positional ?? ''}: ${sentence}.\n`);
  const file = options.some(({ flag }) => flag === 'config') ? ', and most in the collector: block of the file' : '';
  const secrets = options.filter(({ secret }) => secret === true).map(({ environment, sentence }) => `${environment ?? ''} (${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)})`);
  const never = secrets.length === 0 ? '' : `\nSecrets are never a flag: ${secrets.join(', ')}.`;
  return `${words.join('')}Options may also be set by the environment names in brackets${file}.${never}`;
}

/** `-Mx=y` and `-cfile` are `-M x=y` and `-c file`, as in Filebeat, and `--once=no` is `--no-once`; after `--` words are left alone. */
function separate(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  const flags = end < 0 ? words : words.slice(0, end);
  return [...flags.flatMap((word) => /^-[Mc]./.test(word) ? [word.slice(0, 2), word.slice(2).replace(/^=/, '')] : [asSwitch(word)]), ...words.slice(flags.length)];
}

/** yargs takes every text behind a switch for false; here it has to be one. */
function asSwitch(word: string): string {
  const [, flag = '', text = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
  const rows: readonly Option[] = Object.values(OPTIONS);
  if (!rows.some((row) => row.type === 'boolean' && row.flag === flag)) return word;
  const reading = readValue({ type: 'boolean' }, text);
  if (!('value' in reading)) throw usage(`--${flag} is a switch, and ${quote(text)} is neither true nor false`);
  return reading.value === true ? `--${flag}` : `--no-${flag}`;
}

function readFlags(command: Command, parsed: Parsed): Flags {
  const flags = flagsIn(command, parsed, readFlag);
  const known = new Set(['_', '$0', 'help', 'version', ...optionsOf(command).map(([, { flag }]) => flag)]);
  const unknown = Object.keys(parsed).filter((flag) => !known.has(flag)).map((flag) => describeUnknown(flag, command));
  if (unknown.length > 0) throw usage(unknown.join('; '));
  return flags;
}

/** What `read` makes of each flag that is given. */
function flagsIn(command: Command, parsed: Parsed, read: (option: Option, given: unknown) => FlagValue | undefined): Flags {
  const flags: Partial<Record<OptionName, FlagValue>> = {};
  for (const [name, option] of optionsOf(command)) {
    const given = option.flag === undefined ? undefined : parsed[option.flag];
    const value = given === undefined ? undefined : read(option, given);
    if (value !== undefined) flags[name] = value;
  }
  return flags;
}

function readFlag(option: Option, value: unknown): FlagValue {
  const values = (Array.isArray(value) ? value : [value]) as (string | boolean)[];
  if (option.type === 'boolean') return values.at(-1) ?? true;
  if (option.isRevocable === true && values.every((each) => each === false)) return false;
  if (values.includes('') || values.some((each) => typeof each === 'boolean')) throw usage(`${flagText(option)} needs a value, such as ${option.example}`);
  if (option.type === 'list') return values.map(String);
  if (values.length > 1) throw usage(`${flagText(option)} is given ${values.length} times`);
  return String(values[0]);
}

/** What to say of a flag that the command does not have; its value is never repeated, it may be a secret. */
function describeUnknown(flag: string, command: Command): string {
  const written = flag.length === 1 ? `-${flag}` : `--${flag}`;
  const rows: readonly Option[] = Object.values(OPTIONS);
  const secret = rows.find((row) => row.secret === true && [row.key, row.environment?.toLowerCase()].includes(flag.replaceAll('-', '_')));
  if (secret !== undefined) return `${written} would show the secret to every process; set ${secret.environment ?? ''} instead`;
  const elsewhere = rows.find((row) => row.flag === flag)?.commands;
  if (elsewhere !== undefined) return `${written} belongs to ${elsewhere.join(' and ')}, not to ${command}`;
  const near = nearest(flag, optionsOf(command).flatMap(([, option]) => option.flag !== undefined && option.flag.length > 1 ? [option.flag] : []));
  return `${command} has no ${written}${near === undefined ? '' : `; --${near} is the nearest`}`;
}

function isCommand(word: string): word is Command {
  return Object.hasOwn(COMMANDS, word);
}

function usage(reason: string): Error {
  return failure('USAGE', { reason });
}
