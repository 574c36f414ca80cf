// The scrubber: a slider on the epoch axis that shows the run as it was.

import { element } from "./dom";
import type { Act } from "./hub";
import { formatCount, formatLoss } from "./numbers";
import type { Frame, Span } from "./protocol";
import { Asker, epochOf, nearestStop, stopAfterKey, type Stop } from "./scrub";

export class Scrubber {
  readonly root = element("div", "nbt-scrub");
  private readonly input = element("input", "nbt-scrubber");
  private readonly asker: Asker;
  private span: Span = { end: 0, every: 1, scrubbed: false };
  private seq = -1;
  private shown: Stop = "end";
  private frame: number | null = null;
  private places = "";
  private spoken = "";
  private locked = false;
  private playing = false;

  constructor(act: Act, signal: AbortSignal) {
    const { input } = this;
    input.type = "range";
    input.min = "0";
    input.max = "0";
    input.step = "any";
    input.disabled = true;
    input.title = "Drag to see the run as it was";
    input.setAttribute("aria-label", "Epoch shown");
    this.root.append(input);
    this.asker = new Asker(
      () => performance.now(),
      (stop, done) => {
        if (stop === "end") act("back", {});
        else act("scrub", { epoch: stop, done });
      },
    );
    const listen = (event: string, done: boolean): void =>
      input.addEventListener(event, () => this.want(this.stopHere(), done), { signal });
    listen("input", false);
    listen("change", true);
    // Under a hand, the run must stand still: its end moves, and the axis with it.
    input.addEventListener("pointerdown", () => {
      if (this.playing) this.want("end", false);
    }, { signal });
    input.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const stop = stopAfterKey(event.key, this.asker.open ?? this.stopHere(), this.span);
      if (stop === null) return;
      event.preventDefault();
      this.want(stop, !event.repeat);
    }, { signal });
    signal.addEventListener("abort", () => {
      if (this.frame !== null) cancelAnimationFrame(this.frame);
    });
  }

  /** Whether the keyboard is here. */
  get focused(): boolean {
    return document.activeElement === this.input;
  }

  restrict(hidden: boolean, locked: boolean): void {
    this.root.hidden = hidden;
    this.locked = locked;
    this.input.disabled = locked || this.span.end === 0;
  }

  update(frame: Frame): void {
    const { input } = this;
    this.span = frame.span;
    this.seq = frame.seq;
    this.playing = frame.state === "playing";
    const { end, scrubbed } = this.span;
    input.disabled = this.locked || end === 0;
    const max = String(end);
    if (input.max !== max) input.max = max;
    this.shown = scrubbed ? frame.epoch : "end";
    if (this.asker.open === null) this.show(this.shown);
    // Nobody listens to what changes sixty times a second.
    if (!this.playing) {
      const where = scrubbed ? `epoch ${formatCount(frame.epoch)} of ` : "the end, epoch ";
      const spoken =
        `${where}${formatCount(end)}, training loss ${formatLoss(frame.trainLoss)}, ` +
        `validation loss ${formatLoss(frame.validationLoss)}`;
      if (spoken !== this.spoken) input.setAttribute("aria-valuetext", spoken);
      this.spoken = spoken;
    }
  }

  /** Puts the slider where the axis is: `left` and `right` are the places of epoch 0 and the end. */
  place(left: number, right: number, above: number): void {
    const width = Math.round(right - left);
    const places = `${left} ${width} ${above}`;
    if (places === this.places) return;
    this.places = places;
    const { style } = this.input;
    style.left = `calc(${left}px - var(--nbt-thumb) / 2)`;
    style.width = `calc(${width}px + var(--nbt-thumb))`;
    style.top = `${-above}px`;
  }

  private stopHere(): Stop {
    return nearestStop(this.input.valueAsNumber, this.span);
  }

  private show(stop: Stop): void {
    const value = String(epochOf(stop, this.span));
    if (this.input.value !== value) this.input.value = value;
  }

  private want(stop: Stop, done: boolean): void {
    this.show(stop);
    this.asker.want(stop, done);
    if (this.frame === null) this.asker.step(this.seq);
    this.wake();
  }

  /** One message a frame at most, for as long as there is a wish. */
  private wake(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.asker.step(this.seq);
      if (this.asker.open === null) this.show(this.shown);
      else this.wake();
    });
  }
}
