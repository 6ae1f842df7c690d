// What changes between two texts, line by line. Must never cost more than a table of both sides' lines.

/** Lines around a change that are shown with it. */
const CONTEXT = 2;
/** Beyond so many cells of the table the middle is shown as replaced: 64 KiB of one-character lines. */
const MAX_CELLS = 4_000_000;

export interface DiffLine {
  /** "+": comes, "-": goes, " ": stays. */
  readonly mark: "+" | "-" | " ";
  readonly text: string;
}

/** Every line of both, by a longest common subsequence. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ mark: " ", text }));
  return [
    ...same(a.slice(0, start)),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...same(a.slice(a.length - end)),
  ];
}

/** The changed lines with some around them, "..." where others are left out; empty when nothing changes. */
export function diffText(before: string, after: string): string[] {
  const lines = diffLines(before, after);
  const shown = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== " ")
  );
  if (!shown.includes(true)) return [];
  return lines.flatMap(({ mark, text }, index) => {
    if (shown[index]) return [`${mark} ${text}`];
    return shown[index - 1] || index === 0 ? ["  ..."] : [];
  });
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function middle(a: string[], b: string[]): DiffLine[] {
  const gone = (text: string): DiffLine => ({ mark: "-", text });
  const come = (text: string): DiffLine => ({ mark: "+", text });
  if (a.length * b.length > MAX_CELLS) return [...a.map(gone), ...b.map(come)];
  // common[i][j]: how many lines a[i…] and b[j…] have in common.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: " ", text: a[i++] });
      j++;
    } else if (j === b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      lines.push(gone(a[i++]));
    } else lines.push(come(b[j++]));
  }
  return lines;
}
