// Numbers as people read them: no more digits than are true.

const MINUS = "\u2212";
/** What stands where there is no number. */
export const NONE = "\u2013";

function signed(text: string): string {
  return text.replace("-", MINUS).replace("e+", "e");
}

/** 412 as 000,412: the width stays while it counts. */
export function formatEpoch(epoch: number): string {
  return group(String(Math.floor(epoch)).padStart(6, "0"));
}

export function formatCount(count: number): string {
  return group(String(Math.floor(count)));
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three significant digits, at most four decimals; the exponent only where it must be. */
export function formatLoss(loss: number | null): string {
  if (loss === null || !Number.isFinite(loss)) return NONE;
  const size = Math.abs(loss);
  if (size === 0) return "0.000";
  if (size >= 10_000 || size < 0.0005) return signed(loss.toExponential(1));
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 4;
  return signed(loss.toFixed(decimals));
}

/** Seconds of training; two decimals below one. */
export function formatSeconds(seconds: number): string {
  return `${formatValue(seconds, seconds < 1 ? 2 : seconds < 100 ? 1 : 0)} s`;
}

export function formatShare(share: number | null): string {
  return share === null || !Number.isFinite(share) ? NONE : `${(100 * share).toFixed(1)} %`;
}

/** A weight or a coordinate. */
export function formatValue(value: number, decimals = 2): string {
  if (!Number.isFinite(value)) return NONE;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : signed(text);
}

/** A learning rate: two digits of any size. */
export function formatRate(rate: number): string {
  return signed(rate !== 0 && rate < 0.001 ? rate.toExponential(1) : String(Number(rate.toPrecision(2))));
}

/** A tick of a loss axis. */
export function formatTick(value: number): string {
  return value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 10_000)
    ? signed(value.toExponential(0))
    : signed(String(Number(value.toPrecision(3))));
}

/** A tick of an axis of shares. */
export function formatPercentTick(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** A tick of an epoch axis: 1,500 stays, 25,000 becomes 25k. */
export function formatEpochTick(value: number): string {
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))}M`;
  return value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : signed(String(value));
}
