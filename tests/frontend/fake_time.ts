// Time, animation frames and timers that move only when a test says so.

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

export class FakeTime {
  time = 0;
  private next = 1;
  private readonly timers = new Map<number, Timer>();
  private frames = new Map<number, () => void>();

  now = (): number => this.time;

  requestFrame = (callback: () => void): number => {
    this.frames.set(this.next, callback);
    return this.next++;
  };

  cancelFrame = (handle: number): void => {
    this.frames.delete(handle);
  };

  setTimer = (callback: () => void, delay: number): number => {
    this.timers.set(this.next, { due: this.time + delay, callback });
    return this.next++;
  };

  clearTimer = (handle: number): void => {
    this.timers.delete(handle);
  };

  /** What waits: an idle page must have nothing. */
  get waiting(): number {
    return this.timers.size + this.frames.size;
  }

  get framesWaiting(): number {
    return this.frames.size;
  }

  /** The browser paints once, 16 ms later. */
  paint(): void {
    this.pass(16);
    const due = this.frames;
    this.frames = new Map();
    for (const callback of due.values()) callback();
  }

  pass(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const [handle, timer] = [...this.timers].sort(([, a], [, b]) => a.due - b.due)[0] ?? [];
      if (handle === undefined || timer === undefined || timer.due > end) break;
      this.timers.delete(handle);
      this.time = timer.due;
      timer.callback();
    }
    this.time = end;
  }
}
