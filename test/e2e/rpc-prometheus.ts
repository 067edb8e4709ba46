/**
 * A metric as a scrape shows it; samples by their labels, `{}` where there are none, those of a histogram with
 * `_bucket`, `_count` or `_sum` before them.
 */
export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: Map<string, number>;
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
/** A value is quoted, with `\\`, `\"` and `\n` escaped. */
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/**
 * Reads the Prometheus text format 0.0.4, samples of histograms under their own names too, as strictly as it is written down:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 * @throws Error with the line that is wrong.
 */
export function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n') || text.endsWith('\n\n'))
    throw new Error('the last line does not end with one line feed');
  const families = new Map<string, Family>();
  let help: RegExpExecArray | undefined;
  let current: { readonly name: string; readonly family: Family } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const wrong = (what: string): Error => new Error(`${what}: ${line}`);
    const helpLine = HELP.exec(line);
    if (helpLine !== null) {
      help = helpLine;
      current = undefined;
    } else if (line.startsWith('#')) {
      const [, name = '', type = ''] = TYPE.exec(line) ?? [];
      if (help === undefined || help[1] !== name) throw wrong('a TYPE without its HELP before it');
      if (families.has(name)) throw wrong('a metric comes twice');
      if ((type === 'counter') !== name.endsWith('_total'))
        throw wrong('_total is for counters, all of them');
      current = { name, family: { help: help[2] ?? '', type, samples: new Map() } };
      families.set(name, current.family);
      help = undefined;
    } else {
      const [, name = '', labels, value = ''] = SAMPLE.exec(line) ?? [];
      if (current === undefined || !isOf(current, name)) throw wrong('a sample outside its metric');
      const part = name.slice(current.name.length);
      const key = part + JSON.stringify(parseLabels(labels, wrong));
      if (current.family.samples.has(key)) throw wrong('a series comes twice');
      const parsed = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
      if (Number.isNaN(parsed)) throw wrong('a value that is no number');
      current.family.samples.set(key, parsed);
    }
  }
  return families;
}

const HISTOGRAM_PARTS = ['_bucket', '_count', '_sum'];

function isOf(metric: { readonly name: string; readonly family: Family }, sample: string): boolean {
  if (metric.family.type !== 'histogram') return sample === metric.name;
  return HISTOGRAM_PARTS.some((part) => sample === metric.name + part);
}

function parseLabels(text: string | undefined, wrong: (what: string) => Error): Record<string, string> {
  const labels: Record<string, string> = {};
  if (text === undefined) return labels;
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? [];
    if (name === '' || Object.hasOwn(labels, name)) throw wrong('labels that cannot be read');
    labels[name] = value.replace(/\\[\\"n]/g, (sequence) => ESCAPES[sequence] ?? '');
  }
  return labels;
}
