// The field of the unit that the learner points at, to be drawn large.

import type { Focus } from "./hub";
import type { Pictures } from "./protocol";
import type { Scene } from "./scene";
import type { Palette } from "./theme";

export interface LargeField {
  readonly field: Pictures;
  /** Colours of its bytes. */
  readonly table: Uint32Array;
}

/** Null where the plane shows it anyway, as it does a single output, or where there is none. */
export function focusedField(
  { of, picture }: Focus,
  { units, inputs, outputs }: Pick<Scene, "units" | "inputs" | "outputs">,
  { output, shares }: Pick<Palette, "output" | "shares">,
): LargeField | null {
  const pictures = { input: inputs, unit: units, output: outputs }[of];
  const field = pictures === null ? null : onePicture(pictures, picture);
  if (field === null) return null;
  const table = of === "output" ? shares[picture % shares.length] : output;
  return table === undefined ? null : { field, table };
}

function onePicture({ count, width, height, data }: Pictures, index: number): Pictures | null {
  if (index < 0 || index >= count) return null;
  const size = width * height;
  return { count: 1, width, height, data: data.subarray(index * size, (index + 1) * size) };
}
