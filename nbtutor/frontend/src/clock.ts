// When to ask the kernel for a frame, and when to say that it does not answer. Pure logic: time,
// paint and the wire are handed in, so tests run it with a time of their own.
//
// A tick is sent after a frame was painted, and no more than `window` frames are on their way at
// once. One is enough on a fast wire; where the wire itself is slow (a far host, a server that
// bundles small packets), two or three hide it. A paused or hidden page has no timer and no
// animation frame waiting.

import type { Tick } from "./protocol";
import { browserTimers, type Timers } from "./throttle";

export const BUSY_AFTER_MS = 2_000;
export const LOST_AFTER_MS = 10_000;
const LONGEST_WAIT_MS = 15_000;

/** How the kernel answers: in time, late, not at all; or it is gone and never will. */
export type Link = "ok" | "busy" | "lost" | "ended";

export interface Time extends Timers {
  /** Calls back before the next paint; returns what `cancelFrame` takes. */
  requestFrame(callback: () => void): number;
  cancelFrame(handle: number): void;
}

export const browserTime: Time = {
  ...browserTimers,
  requestFrame: (callback) => requestAnimationFrame(callback),
  cancelFrame: (handle) => cancelAnimationFrame(handle),
};

export interface ClockHost extends Time {
  sendTick(tick: Tick): void;
  sendSync(): void;
  /** Draws everything that changed since the last call. */
  paint(): void;
  linkChanged(link: Link): void;
}

export interface Arrival {
  readonly seq: number;
  readonly full: boolean;
  readonly tookMs: number;
}

// The wire's own time (round trip less the kernel's work) at which one more frame on its way
// pays, and the lower time at which it no longer does. The gap keeps the window from flapping.
const RAISE_ABOVE_MS = [14, 34] as const;
const LOWER_BELOW_MS = [9, 26] as const;
const SAMPLES = 16;

export class Clock {
  private playing = false;
  private visible = false;
  private painted = -1;
  private received = -1;
  /** The newest seq that a tick has asked for. */
  private target = -1;
  private syncing = false;
  private dirty = false;
  private frame: number | null = null;
  private timer: number | null = null;
  private lastSign = 0;
  private nextRetry = BUSY_AFTER_MS;
  private currentLink: Link = "ok";
  private readonly asked = new Map<number, { at: number; inFlight: number }>();
  private readonly wire: number[] = [];
  private size = 1;

  constructor(private readonly host: ClockHost) {}

  get link(): Link {
    return this.currentLink;
  }

  get window(): number {
    return this.size;
  }

  get seen(): number {
    return this.painted;
  }

  setPlaying(playing: boolean): void {
    if (playing === this.playing) return;
    this.playing = playing;
    // What was asked for before a pause may never come: the kernel ignores ticks while it pauses.
    this.target = this.received;
    this.asked.clear();
    this.waitAnew();
  }

  setVisible(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    this.waitAnew();
  }

  /** Something other than a frame changed what the views show. */
  invalidate(): void {
    this.dirty = true;
    this.wake();
  }

  /** Takes a frame's arrival; false where it is older than what is on the screen. */
  arrived(arrival: Arrival): boolean {
    this.signOfLife();
    const { seq, full } = arrival;
    if (!full && seq <= this.received) return false;
    this.measure(arrival);
    if (full) {
      this.syncing = false;
      // It answers whatever was asked, and the count may have begun anew.
      this.target = seq;
      this.asked.clear();
      this.painted = Math.min(this.painted, seq);
    } else if (this.received >= 0 && seq > this.received + 1) {
      this.requestSync();
    }
    this.received = seq;
    this.dirty = true;
    this.wake();
    return true;
  }

  /** Asks for a full frame, once until it has come. */
  requestSync(): void {
    if (this.syncing) return;
    this.syncing = true;
    this.host.sendSync();
    this.watch();
  }

  /** The connection was closed. It counts as open again when the kernel answers. */
  disconnected(): void {
    this.setLink("lost");
    this.syncing = true;
    this.host.sendSync();
    this.watch();
  }

  /** The kernel is gone for good: nothing is asked of it any more, and what is shown stays. */
  ended(): void {
    this.setLink("ended");
  }

  /** The kernel refused a message: it lives, and the frame asked for will not come. */
  refused(): void {
    this.signOfLife();
  }

  stop(): void {
    this.playing = false;
    this.visible = false;
    this.syncing = false;
    this.cancel();
  }

  private get waiting(): boolean {
    const expects = this.syncing || (this.playing && this.target > this.received);
    return expects && this.currentLink !== "ended";
  }

  private waitAnew(): void {
    this.lastSign = this.host.now();
    this.nextRetry = BUSY_AFTER_MS;
    // A paused run asks for nothing, so nobody can be late.
    if (!this.playing && this.currentLink === "busy" && !this.syncing) this.setLink("ok");
    if (!this.visible) this.cancel();
    else {
      this.wake();
      this.watch();
    }
  }

  private cancel(): void {
    if (this.frame !== null) this.host.cancelFrame(this.frame);
    if (this.timer !== null) this.host.clearTimer(this.timer);
    this.frame = null;
    this.timer = null;
  }

  private get mayAsk(): boolean {
    const something = this.painted >= 0 || this.received >= 0;
    const runs = something && this.playing && this.visible && this.currentLink !== "ended";
    return runs && this.target - this.painted < this.size;
  }

  private wake(): void {
    if (this.frame !== null || !this.visible) return;
    if (this.dirty || this.mayAsk) {
      this.frame = this.host.requestFrame(() => {
        this.frame = null;
        this.step();
      });
    }
  }

  private step(): void {
    if (this.dirty) {
      this.dirty = false;
      this.painted = this.received;
      this.target = Math.max(this.target, this.painted);
      this.host.paint();
    }
    if (this.mayAsk) this.ask();
    this.wake();
  }

  private ask(): void {
    this.target += 1;
    const now = this.host.now();
    if (this.target - this.received === 1) this.lastSign = now;
    this.asked.set(this.target, { at: now, inFlight: this.target - this.received });
    this.host.sendTick({ seen: this.painted, window: this.size, again: false });
    this.watch();
  }

  private signOfLife(): void {
    this.lastSign = this.host.now();
    this.nextRetry = BUSY_AFTER_MS;
    this.setLink("ok");
  }

  private measure({ seq, tookMs }: Arrival): void {
    const asked = this.asked.get(seq);
    for (const old of this.asked.keys()) if (old <= seq) this.asked.delete(old);
    if (asked === undefined) return;
    // Frames that were asked for before this one had to be made first.
    const wire = this.host.now() - asked.at - tookMs * asked.inFlight;
    this.wire.push(Math.max(0, wire));
    if (this.wire.length < SAMPLES) return;
    const median = this.wire.sort((a, b) => a - b)[SAMPLES >> 1] ?? 0;
    this.wire.length = 0;
    const raise = RAISE_ABOVE_MS[this.size - 1];
    const lower = LOWER_BELOW_MS[this.size - 2];
    if (raise !== undefined && median > raise) this.size += 1;
    else if (lower !== undefined && median < lower) this.size -= 1;
  }

  private watch(): void {
    if (this.timer !== null || !this.visible || !this.waiting) return;
    const due = this.lastSign + this.nextRetry - this.host.now();
    this.timer = this.host.setTimer(() => {
      this.timer = null;
      this.check();
    }, Math.max(0, due));
  }

  private check(): void {
    if (!this.waiting || !this.visible) return;
    const silent = this.host.now() - this.lastSign;
    if (silent >= this.nextRetry) {
      if (silent >= LOST_AFTER_MS) this.setLink("lost");
      else if (this.currentLink === "ok") this.setLink("busy");
      // Each wait is longer than the one before: what is sent to a busy kernel queues up there.
      const next = this.nextRetry < LOST_AFTER_MS
        ? Math.min(this.nextRetry * 2.25, LOST_AFTER_MS)
        : this.nextRetry + LONGEST_WAIT_MS;
      this.nextRetry = next;
      if (this.syncing) this.host.sendSync();
      else this.host.sendTick({ seen: this.painted, window: this.size, again: true });
    }
    this.watch();
  }

  private setLink(link: Link): void {
    if (link === this.currentLink || this.currentLink === "ended") return;
    this.currentLink = link;
    this.host.linkChanged(link);
    this.dirty = true;
    this.wake();
  }
}
