/** Elements made of text and nothing else: what events say never becomes markup. */

type Child = Node | string | undefined;

export interface Attributes {
  readonly class?: string;
  readonly [name: string]: string | undefined;
}

/** An element with attributes and children; texts are set as text. */
export function element<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(attribute, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** A name that may go on in the next line where a word of it begins: `BlockedByConditionalAccess`, an address of mail. */
export function breakable(text: string): Node {
  const fragment = document.createDocumentFragment();
  for (const piece of text.split(/(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[/._-])(?=\w)|(?=@)/)) fragment.append(piece, document.createElement('wbr'));
  return fragment;
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}
