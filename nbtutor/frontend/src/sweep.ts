// What a sweep of learning rates says, without a page.

export const OUTCOMES = ["slow", "converged", "too high", "diverged"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Sweep {
  readonly state: "running" | "stopped" | "done";
  readonly portions: number;
  /** Epochs. */
  readonly done: number;
  readonly total: number;
  /** Loss before training. */
  readonly start: number;
  /** The rate in use. */
  readonly present: number;
  /** Whether all other settings are still those of the sweep. */
  readonly fits: boolean;
  readonly rates: readonly number[];
  /** Null where it diverged. */
  readonly losses: readonly (number | null)[];
  /** Empty before it is done. */
  readonly outcomes: readonly Outcome[];
}

/** The rates of each outcome in words: three or more neighbours are told by their ends. */
export function listRates(sweep: Sweep, outcome: Outcome): string {
  const runs: number[][] = [];
  let before = false;
  sweep.rates.forEach((rate, place) => {
    const belongs = sweep.outcomes[place] === outcome;
    if (belongs && before) runs.at(-1)?.push(rate);
    else if (belongs) runs.push([rate]);
    before = belongs;
  });
  return runs
    .map((run) => (run.length < 3 ? run.map(formatRate).join(", ")
      : `${formatRate(run[0] ?? 0)} to ${formatRate(run.at(-1) ?? 0)}`))
    .join(", ");
}

export function formatRate(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

/** The place of the value nearest to `at`; -1 where there is none. */
export function nearest(values: readonly number[], at: number): number {
  let best = -1;
  values.forEach((value, place) => {
    if (best < 0 || Math.abs(value - at) < Math.abs((values[best] ?? 0) - at)) best = place;
  });
  return best;
}

/** Ends of the loss axis, a little beyond what is finite; the start is always on it. */
export function lossRange(sweep: Sweep): [number, number] {
  const finite = [...sweep.losses, sweep.start].filter(
    (loss): loss is number => loss !== null && loss > 0,
  );
  const low = Math.min(...finite);
  // Losses far above the start are drawn at the top: they would press the rest together.
  const high = Math.min(Math.max(...finite), 4 * sweep.start);
  return finite.length === 0 ? [0.1, 1] : [low / 1.3, Math.max(high, low) * 1.4];
}
