// Stands in for d3-interpolate in the bundle: d3-scale would bring interpolation of colours, dates
// and text along, a fifth of the bundle, and only numbers are scaled here.

type Interpolator = (share: number) => number;

export function interpolateNumber(from: number, to: number): Interpolator {
  return (share) => from * (1 - share) + to * share;
}

export function interpolateRound(from: number, to: number): Interpolator {
  const between = interpolateNumber(from, to);
  return (share) => Math.round(between(share));
}

export { interpolateNumber as interpolate };

/** Interpolates through a list of numbers, each stretch the same share. */
export function piecewise(
  interpolate: typeof interpolateNumber,
  values: readonly number[],
): Interpolator {
  const last = values.length - 1;
  const parts = values.slice(1).map((value, index) => interpolate(values[index] ?? value, value));
  return (share) => {
    const part = Math.max(0, Math.min(last - 1, Math.floor(share * last)));
    return parts[part]?.(share * last - part) ?? Number.NaN;
  };
}
