/**
 * `${NAME}` in a value, as Filebeat has it: `${NAME:default}`, `${NAME:?message}`, `${NAME:+instead}`, nested and inside longer texts; `$$` is a
 * dollar. An empty variable counts as one that is not set. Filebeat would look into its keystore first, which is not read here.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export type Expansion =
  | { readonly text: string }
  | { readonly found: string; readonly repair: string };

/** Deepest nesting of variables in each other's defaults. */
const maxDepth = 16;

/** The text with its variables filled in, or what is wrong with one of them. */
export function expandVariables(text: string, environment: Environment): Expansion {
  try {
    return { text: new Expander(text, environment).read() };
  } catch (error) {
    if (error instanceof VariableProblem) return { found: error.found, repair: error.repair };
    throw error;
  }
}

class VariableProblem extends Error {
  readonly found: string;
  readonly repair: string;

  constructor(found: string, repair: string) {
    super(found);
    this.found = found;
    this.repair = repair;
  }
}

class Expander {
  private position = 0;
  private readonly text: string;
  private readonly environment: Environment;

  constructor(text: string, environment: Environment) {
    this.text = text;
    this.environment = environment;
  }

  read(): string {
    return this.piece('', 0)();
  }

  /** Reads up to one of `stops` (none: up to the end); the result is worked out only when it is called, so unused defaults never fail. */
  private piece(stops: string, depth: number): () => string {
    const parts: (() => string)[] = [];
    while (this.position < this.text.length && !stops.includes(this.text[this.position] ?? '')) {
      const pair = this.text.slice(this.position, this.position + 2);
      if (pair === '${') {
        parts.push(this.variable(depth + 1));
        continue;
      }
      const escaped = pair === '$$' || pair === '$}';
      const character = pair.charAt(escaped ? 1 : 0);
      this.position += escaped ? 2 : 1;
      parts.push(() => character);
    }
    return () => parts.map((part) => part()).join('');
  }

  private variable(depth: number): () => string {
    if (depth > maxDepth) throw new VariableProblem(`more than ${maxDepth} variables inside each other`, 'Write the value itself.');
    this.position += 2;
    const name = this.piece(':}', depth);
    const operator = /^(:\?|:\+|:|\})/.exec(this.text.slice(this.position, this.position + 2))?.[0];
    this.position += operator?.length ?? 0;
    const rest = operator === undefined || operator === '}' ? undefined : this.piece('}', depth);
    if (operator !== '}' && this.text[this.position++] !== '}') {
      throw new VariableProblem('a ${ without its closing }', 'Close it, or write $${ for the two characters themselves.');
    }
    return () => this.lookUp(name(), operator ?? '}', rest);
  }

  private lookUp(name: string, operator: string, rest?: () => string): string {
    const value = this.environment[name] ?? '';
    if (rest !== undefined && operator === ':+') return value === '' ? '' : rest();
    if (value !== '') return value;
    if (rest !== undefined && operator === ':') return rest();
    if (rest !== undefined) throw new VariableProblem(`the variable ${name} not set`, `${rest()}${/[.!]$/.test(rest()) ? '' : '.'}`);
    if (name.includes('.')) {
      throw new VariableProblem(`a reference to Filebeat's own setting ${name}`, 'Write the value itself; the rest of Filebeat\'s configuration is not read.');
    }
    throw new VariableProblem(`the environment variable ${name === '' ? '(no name)' : name} not set`,
      `Filebeat's keystore is not read: set the environment variable, or give a default with \${${name}:value}.`);
  }
}
