// "Did you mean": the candidate that a misspelt word most likely stands for.
// Must never cost more than a small table: words come from the file.

/** Longer words are no misspelling of ours; the cost grows with the square of this. */
const MAX_WORD = 64;

/** Fewer letters than this begin too many words to stand for one. */
const MIN_BEGINNING = 3;

/**
 * The nearest candidate, or undefined when none is near: letter case, hyphens and underscores count for
 * nothing, and a third of the letters may be added, lost, changed or swapped with their neighbour. Failing
 * that, the first candidate that begins the word or is begun by it ("warning" for "warn").
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const plainWord = plain(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const plainCandidate = plain(candidate);
    const distance = editDistance(plainWord, plainCandidate);
    const allowed = Math.max(1, Math.floor(plainCandidate.length / 3));
    if (distance <= allowed && distance < bestDistance && distance < plainCandidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? candidates.find((candidate) => beginsOther(plainWord, plain(candidate)));
}

/** Equal but for letter case, hyphens and underscores. */
export function sameWord(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

function beginsOther(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= MIN_BEGINNING && (a.startsWith(b) || b.startsWith(a));
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, "");
}

/** Optimal string alignment: insertions, deletions, changes, and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2] + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
