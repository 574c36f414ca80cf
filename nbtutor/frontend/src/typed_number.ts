// A weight or a bias as it is typed, and as it stands in a field.

import { NONE } from "./numbers";

/** As the kernel has it: the largest size of a weight that is set by hand. */
export const MOST = 1000;

export type Reading = { readonly value: number } | { readonly problem: string };

/** Reads what a person typed: a comma for a point and a true minus sign will do. */
export function readNumber(typed: string): Reading {
  const text = typed.trim().replace(/[\u2212\u2013]/g, "-").replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
  if (text === "") return { problem: "Type a number." };
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    return { problem: `\u201c${shorten(typed.trim())}\u201d is not a number.` };
  }
  const value = Number(text);
  if (Math.abs(value) > MOST) return { problem: `It must be from \u2212${MOST} to ${MOST}.` };
  return { value: value === 0 ? 0 : value };
}

/** Four digits that count, to be read by `readNumber` again. */
export function writeNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : NONE;
}

/** The largest number of a slider that shows `value` with room on both sides. */
export function reachFor(value: number): number {
  const size = Math.min(MOST, 2 * Math.abs(value));
  return [3, 10, 30, 100, 300].find((reach) => size <= reach) ?? MOST;
}

function shorten(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}\u2026` : text;
}
