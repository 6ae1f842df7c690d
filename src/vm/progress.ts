// How long work tells where it stands. The CLI draws it; nothing here prints.

/** One report. Later reports of the same step replace earlier ones. */
export interface Progress {
  /** A few words that stay the same while the step lasts: "build image", "boot". */
  readonly step: string;
  /** What happens at this moment, one line. */
  readonly detail: string;
  /** 0 to 1 within the step, where known. */
  readonly fraction?: number;
}

/** Takes reports; must return at once and never throw. */
export type OnProgress = (progress: Progress) => void;

/** For callers that don't care. */
export const noProgress: OnProgress = () => {};
