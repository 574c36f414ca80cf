// Which epochs can be gone back to, and when to ask for one. Pure logic: time is handed in.

import type { Span } from "./protocol";

/** A place on the scrubber: a kept epoch, or the run's end. */
export type Stop = number | "end";

const ANSWER_MS = 1_000;

export function lastKept({ end, every }: Span): number {
  return Math.floor(end / every) * every;
}

/** The stop that is nearest to a value between 0 and the end. */
export function nearestStop(value: number, span: Span): Stop {
  const kept = Math.min(Math.round(value / span.every) * span.every, lastKept(span));
  return Math.abs(span.end - value) <= Math.abs(value - kept) ? "end" : Math.max(0, kept);
}

/** Where a stop is, in epochs. */
export function epochOf(stop: Stop, { end }: Span): number {
  return stop === "end" ? end : stop;
}

/** The stop that a key leads to; null where the key means nothing here. */
export function stopAfterKey(key: string, from: Stop, span: Span): Stop | null {
  const kept = lastKept(span);
  const count = kept / span.every;
  const large = Math.max(1, Math.round(count / 10)) * span.every;
  const move = (by: number): Stop => {
    // The end stands behind the last kept epoch, or on it.
    const top = kept < span.end ? kept + span.every : kept;
    const next = (from === "end" ? top : from) + by;
    return next >= top ? "end" : Math.max(0, next);
  };
  switch (key) {
    case "ArrowLeft": case "ArrowDown": return move(-span.every);
    case "ArrowRight": case "ArrowUp": return move(span.every);
    case "PageDown": return move(-large);
    case "PageUp": return move(large);
    case "Home": return 0;
    case "End": return "end";
    default: return null;
  }
}

/** Asks for stops, one at a time: the newest wish waits for the answer to the one before. */
export class Asker {
  private wish: { stop: Stop; done: boolean } | null = null;
  private askedAt = Number.NEGATIVE_INFINITY;
  private askedSeq = -1;
  private asked: Stop | null = null;

  constructor(
    private readonly now: () => number,
    private readonly send: (stop: Stop, done: boolean) => void,
  ) {}

  /** What was wished for and not answered yet. */
  get open(): Stop | null {
    return this.wish?.stop ?? this.asked;
  }

  want(stop: Stop, done: boolean): void {
    this.wish = { stop, done: done || (this.wish?.done ?? false) };
  }

  /** To be called once before each paint, with the number of the newest picture. */
  step(seq: number): void {
    const answered = seq > this.askedSeq || this.now() - this.askedAt > ANSWER_MS;
    if (answered) this.asked = null;
    if (this.asked !== null || this.wish === null) return;
    const { stop, done } = this.wish;
    this.wish = null;
    this.asked = stop;
    this.askedAt = this.now();
    this.askedSeq = seq;
    this.send(stop, done);
  }
}
