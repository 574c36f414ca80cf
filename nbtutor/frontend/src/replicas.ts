// What is said and drawn of the replicas' error, taken apart.

import { formatLoss, NONE } from "./numbers";
import type { Replicas, Spread } from "./protocol";

export const PARTS = ["bias2", "variance", "noise"] as const;
export type Part = (typeof PARTS)[number];

export const PART_NAMES: Readonly<Record<Part, string>> = {
  bias2: "Bias\u00b2", variance: "Variance", noise: "Noise",
};

const DECIMALS = 3;
const MOST_ADDED = 100; // beyond, one part is all that matters

/** The parts and their sum as text, rounded so that what is shown adds up. */
export function partTexts(spread: Spread): Readonly<Record<Part | "sum", string>> {
  if (spread.expectedError >= MOST_ADDED) {
    return {
      bias2: formatLoss(spread.bias2), variance: formatLoss(spread.variance),
      noise: formatLoss(spread.noise), sum: formatLoss(spread.expectedError),
    };
  }
  const unit = 10 ** -DECIMALS;
  const values = PARTS.map((part) => spread[part] / unit);
  const floors = values.map(Math.floor);
  const sum = Math.round(values.reduce((total, value) => total + value, 0));
  let missing = sum - floors.reduce((total, value) => total + value, 0);
  // What is missing goes to those that lost most when they were cut off.
  const order = [0, 1, 2].sort((a, b) => rest(values, b) - rest(values, a));
  for (const index of order) {
    if (missing <= 0) break;
    floors[index] = (floors[index] ?? 0) + 1;
    missing -= 1;
  }
  const text = (count: number | undefined): string => ((count ?? 0) * unit).toFixed(DECIMALS);
  return {
    bias2: text(floors[0]), variance: text(floors[1]), noise: text(floors[2]), sum: text(sum),
  };
}

function rest(values: readonly number[], index: number): number {
  const value = values[index] ?? 0;
  return value - Math.floor(value);
}

/** Widths of the parts, and the place of chance, in percent of a bar that holds them all. */
export function barWidths(spread: Spread): Readonly<Record<Part | "chance", number>> {
  const whole = Math.max(spread.chance, spread.expectedError) || 1;
  const share = (value: number): number => Math.round((1000 * 100 * value) / whole) / 1000;
  return {
    bias2: share(spread.bias2),
    variance: share(spread.variance),
    noise: share(spread.noise),
    chance: share(spread.chance),
  };
}

/** The panel in words. */
export function describeReplicas(replicas: Replicas): string {
  const { count, epoch, note, spread } = replicas;
  const many = count === 1 ? "1 replica" : `${count} replicas`;
  const said = [`${many}, each trained on a draw of the data of its own, at epoch ${epoch}.`];
  if (spread === null) said.push(`Bias and variance: ${NONE}.`);
  else {
    const { bias2, variance, noise, sum } = partTexts(spread);
    said.push(
      `Expected squared error ${sum}: bias squared ${bias2}, variance ${variance}, noise ${noise}.`,
      `An answer that is the same everywhere has ${spread.chance.toFixed(DECIMALS)}.`,
    );
  }
  if (note !== "") said.push(note);
  return said.join(" ");
}
