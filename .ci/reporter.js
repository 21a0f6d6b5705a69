// A reporter that is short where all is well: a line a test file, every failure whole, every skipped test with its reason. With CI=true a test may be
// skipped only for want of a program that no package registry has.
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** So many levels of what was thrown are shown. */
const INSPECTED_DEPTH = 8;

export default async function* reporter(source) {
  const files = new Map();
  const skipped = [];
  let failures = 0;
  for await (const { type, data } of source) {
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    // figures that a test tells, and not the summary of a file
    if (type === 'test:diagnostic' && data.nesting > 0) yield `  ${data.message}\n`;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const file = data.file ? relative(process.cwd(), data.file) : '(no file)';
    const seen = files.get(file) ?? { passed: 0, failed: 0, ms: 0 };
    files.set(file, seen);
    if (data.nesting === 0) seen.ms += data.details.duration_ms;
    // of a suite that fails by its tests they have told; a hook that fails takes all of its tests along, and nobody else says why
    if (data.details.type === 'suite') {
      // its tests are not told of then
      if (data.skip !== undefined) skipped.push(skipText(file, data));
      if (data.details.error?.failureType === 'hookFailed') yield failureText(file, data);
      continue;
    }
    if (data.skip !== undefined) skipped.push(skipText(file, data));
    else if (type === 'test:pass') seen.passed++;
    else {
      seen.failed++;
      failures++;
      yield failureText(file, data);
    }
  }
  for (const [file, { passed, failed, ms }] of files) yield `${failed ? '✖' : '✔'} ${file}: ${passed} passed${failed ? `, ${failed} FAILED` : ''} (${(ms / 1000).toFixed(1)} s)\n`;
  if (skipped.length) yield `\nSKIPPED, ${skipped.length} in all:\n${skipped.map((line) => `  ${line}`).join('\n')}\n`;
  const unexcused = process.env.CI === 'true' ? skipped.filter((line) => !/ is not on PATH\)$/.test(line)) : [];
  if (unexcused.length) {
    process.exitCode = 1;
    yield `\nWith CI=true these must not be skipped:\n${unexcused.map((line) => `  ${line}`).join('\n')}\n`;
  }
  if (failures) yield `\n${failures} FAILED\n`;
}

function skipText(file, { name, skip }) {
  return `${file}: ${name} (${skip === true ? 'no reason given' : skip})`;
}

function failureText(file, { name, line, details: { error } }) {
  return `\nFAILED ${file}:${line ?? '?'} ${name}\n${thrownText(error)}\n`;
}

/**
 * Whatever a test threw, with causes, with the errors of an AggregateError, and with what it has besides. Node's runner passes it on from the process of the
 * test as a copy, in which a few things are lost (of a DOMException, as a timeout throws it, everything), beside a text of its own, in which they are not.
 */
function thrownText(error) {
  const { cause, message, exitCode, signal } = error;
  const ended = typeof exitCode === 'number' || signal ? ` (exit status ${exitCode}, signal ${signal})` : '';
  if (typeof cause === 'string') return cause + ended;
  if (cause?.code === 'ERR_ASSERTION') {
    const values = cause.diff === 'simple' ? '' : `\nactual:   ${preview(cause.actual)}\nexpected: ${preview(cause.expected)}`;
    return `${cause.stack ?? cause.message}${values}`;
  }
  const whole = `${cause instanceof Error ? '' : 'thrown: '}${inspect(cause, { depth: INSPECTED_DEPTH })}`;
  return (whole.includes(message) ? whole : `${message}\n${whole}`) + ended;
}

function preview(value) {
  const text = typeof value === 'string' ? value : inspect(value, { depth: INSPECTED_DEPTH, breakLength: Infinity });
  return text.slice(0, 2000);
}
