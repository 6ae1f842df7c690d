// Reading Prometheus' text (exposition format 0.0.4, and OpenMetrics' lines that are alike): the agent reads the edge's,
// the page and `gatehouse top` read the gateway's. Must never fail on a line that it doesn't know: it leaves it out.

/** One series at one moment. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a text, in its order; comments and what is none are left out. */
export function samplesOf(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, name, labels = "", number] = match;
    const value = numberOf(number);
    return value === undefined ? [] : [{ name, labels: labelsOf(labels), value }];
  });
}

function labelsOf(text: string): Record<string, string> {
  // Without a prototype: a label may be called __proto__.
  const labels: Record<string, string> = Object.create(null);
  for (const [, name, value] of text.matchAll(LABEL)) labels[name] = unescaped(value);
  return labels;
}

const unescaped = (value: string): string =>
  value.includes("\\") ? value.replace(/\\(.)/g, (_, one: string) => one === "n" ? "\n" : one) : value;

function numberOf(text: string): number | undefined {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  if (text === "NaN") return NaN;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}

/** Whether a sample has that name and at least these labels. */
export const matches = (
  sample: Sample,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): boolean =>
  sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value);

/** The sum of a metric's series that have these labels; undefined when there is none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const matching = samples.filter((sample) => matches(sample, name, labels));
  return matching.length === 0 ? undefined : matching.reduce((sum, { value }) => sum + value, 0);
}
