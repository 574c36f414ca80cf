// Text for screen readers: the newest, but not more often than a person can listen.

export interface Timers {
  now(): number;
  setTimer(callback: () => void, delay: number): number;
  clearTimer(handle: number): void;
}

export const browserTimers: Timers = {
  now: () => performance.now(),
  setTimer: (callback, delay) => window.setTimeout(callback, delay),
  clearTimer: (handle) => window.clearTimeout(handle),
};

/** Passes values on at most once in `interval`; the last one always arrives. */
export class Throttle<T> {
  private timer: number | null = null;
  private lastAt = Number.NEGATIVE_INFINITY;
  private make: (() => T) | null = null;
  private shown: T | null = null;

  constructor(
    private readonly interval: number,
    private readonly show: (value: T) => void,
    private readonly timers: Timers = browserTimers,
  ) {}

  /** `make` is called only when its value will be shown. */
  offer(make: () => T): void {
    this.make = make;
    if (this.timer !== null) return;
    const wait = this.lastAt + this.interval - this.timers.now();
    if (wait <= 0) this.flush();
    else {
      this.timer = this.timers.setTimer(() => {
        this.timer = null;
        this.flush();
      }, wait);
    }
  }

  stop(): void {
    if (this.timer !== null) this.timers.clearTimer(this.timer);
    this.timer = null;
  }

  private flush(): void {
    if (this.make === null) return;
    const value = this.make();
    this.make = null;
    // A value that is shown already tells nobody anything, and need not hold up the next.
    if (value === this.shown) return;
    this.lastAt = this.timers.now();
    this.shown = value;
    this.show(value);
  }
}
