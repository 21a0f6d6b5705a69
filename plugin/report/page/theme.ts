/** Light, dark, or as the system has it. */

const KEY = 'o365audit-report-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** Applies the choice now and whenever it changes; `changed` is called afterwards, so that what is drawn can take the new colours. */
export function followTheme(changed: () => void): void {
  const inputs = [...document.querySelectorAll<HTMLInputElement>('input[name="theme"]')];
  const kept = remembered();
  for (const input of inputs) if (input.value === kept) input.checked = true;
  const apply = (): void => {
    const choice = inputs.find(({ checked }) => checked)?.value ?? 'auto';
    document.documentElement.dataset.theme = choice === 'auto' ? system.matches ? 'dark' : 'light' : choice;
    remember(choice);
    changed();
  };
  for (const input of inputs) input.addEventListener('change', apply);
  system.addEventListener('change', apply);
  apply();
}

/** The value of a colour of the page. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    // pages from a file have no storage in some browsers; the choice then lasts as long as the page
    return null;
  }
}

function remember(choice: string): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // as above
  }
}
