// What a field's bytes say at a place. Numbers only, so that it is tested without a page.

import { LEAD_STEPS, OUTPUT_CENTRE } from "./colours";
import { formatValue } from "./numbers";
import type { FieldKind, Pictures } from "./protocol";

/** The byte at a share of the width and of the height, between the four pixels around it. */
export function byteAt({ data, width, height }: Pictures, across: number, down: number): number {
  const column = Math.max(0, Math.min(width - 1, across * width - 0.5));
  const row = Math.max(0, Math.min(height - 1, down * height - 0.5));
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const [u, v] = [column - left, row - top];
  const at = (r: number, c: number): number => data[r * width + c] ?? 0;
  return (
    (1 - v) * ((1 - u) * at(top, left) + u * at(top, right)) +
    v * ((1 - u) * at(bottom, left) + u * at(bottom, right))
  );
}

/** The pixel that the place is in: classes have nothing between them. */
function pixelAt({ data, width, height }: Pictures, across: number, down: number): number {
  const column = Math.max(0, Math.min(width - 1, Math.floor(across * width)));
  const row = Math.max(0, Math.min(height - 1, Math.floor(down * height)));
  return data[row * width + column] ?? 0;
}

export interface Answer {
  /** "p 0.53", "class 2" or "value 0.31". */
  readonly short: string;
  /** The same for who reads nothing but this. */
  readonly long: string;
}

/** What the network answers at a place, with no more digits than a byte has. */
export function answerAt(
  field: Pictures, kind: FieldKind, across: number, down: number,
): Answer {
  if (kind === "winner") {
    const byte = pixelAt(field, across, down);
    const winner = Math.floor(byte / LEAD_STEPS);
    const lead = formatValue((byte % LEAD_STEPS) / (LEAD_STEPS - 1));
    return { short: `class ${winner}`, long: `class ${winner}, ahead by ${lead}` };
  }
  const byte = byteAt(field, across, down);
  if (kind === "probability") {
    const p = formatValue(byte / 255);
    return { short: `p ${p}`, long: `probability of class 1: ${p}` };
  }
  const value = formatValue((byte - OUTPUT_CENTRE) / 127);
  // The scale ends at 1: what is beyond looks the same.
  const beyond = byte <= 1 ? " or below" : byte >= 254.5 ? " or above" : "";
  return { short: `value ${value}`, long: `value ${value}${beyond}` };
}
