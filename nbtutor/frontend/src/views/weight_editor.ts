// A small window over the network, to set a weight or a bias by hand.

import type { Place } from "../diagram";
import { element } from "../dom";
import type { Act } from "../hub";
import { reachFor, readNumber, writeNumber } from "../typed_number";

const STEP = 0.1;
const GAP = 12;
const EDGE = 4;
/** So often the number that the training changes is written anew: no more than can be read. */
const WRITE_EVERY_MS = 200;
/** What comes sooner after the last is by the same hand: one drag, one mark on the curve. */
const SAME_HAND_MS = 1_000;
/** The kernel's answer is waited for before the next, but no longer than this. */
const WAIT_MS = 250;

export interface WeightEditor {
  readonly open: boolean;
  /** Shows it for a weight or a bias, beside a spot of `room`. */
  show(place: Place, name: string, value: number, at: Spot, touch: boolean): void;
  /** What the number is now, and whether it comes with a new picture. */
  update(value: number, fresh: boolean): void;
  close(): void;
}

interface Spot {
  readonly x: number;
  readonly y: number;
  /** What is left free around it. */
  readonly reach: number;
}

/** `closed` is called when it closes; `back` says that the focus should go to where it was. */
export function weightEditor(
  room: HTMLElement, act: Act, closed: (back: boolean) => void, signal: AbortSignal,
): WeightEditor {
  const panel = element("div", "nbt-editor");
  panel.setAttribute("role", "dialog");
  // JupyterLab's shortcuts are not for what is typed here.
  panel.dataset.lmSuppressShortcuts = "true";
  panel.hidden = true;
  const title = element("p", "nbt-editor-title");
  const field = element("input", "nbt-editor-field");
  field.inputMode = "decimal";
  field.autocomplete = "off";
  field.spellcheck = false;
  const slider = element("input", "nbt-editor-slider");
  slider.type = "range";
  slider.step = "any";
  const problem = element("p", "nbt-editor-problem");
  problem.id = `nbt-problem-${Math.random().toString(36).slice(2)}`;
  problem.setAttribute("role", "alert");
  field.setAttribute("aria-describedby", problem.id);
  const reset = element("button", "nbt-toggle");
  const done = element("button", "nbt-toggle", "Close");
  for (const button of [reset, done]) button.type = "button";
  const entry = element("div", "nbt-editor-entry");
  entry.append(field, slider);
  const foot = element("div", "nbt-editor-foot");
  foot.append(reset, done);
  panel.append(title, entry, problem, foot);
  room.append(panel);

  let place: Place | null = null;
  let before = 0;
  let present = 0;
  let typing = false;
  let writtenAt = 0;
  let sentAt = Number.NEGATIVE_INFINITY;
  let waiting = false;
  let wanted: number | null = null;

  const on = <K extends keyof HTMLElementEventMap>(
    target: HTMLElement, type: K, listener: (event: HTMLElementEventMap[K]) => void,
  ): void => target.addEventListener(type, listener, { signal });

  function set(value: number): void {
    present = value;
    tell("");
    write();
    wanted = value;
    if (!waiting || performance.now() - sentAt > WAIT_MS) flush();
  }

  function flush(): void {
    if (place === null || wanted === null) return;
    const { layer, source, unit } = place;
    const now = performance.now();
    const rest = { layer, unit, value: wanted, continued: now - sentAt < SAME_HAND_MS };
    if (source === null) act("set_bias", rest);
    else act("set_weight", { ...rest, source });
    [sentAt, waiting, wanted] = [now, true, null];
  }

  function write(): void {
    writtenAt = performance.now();
    typing = false;
    field.value = writeNumber(present);
    stretch();
    slider.value = String(present);
    slider.setAttribute("aria-valuetext", field.value);
  }

  /** Gives the slider room, but not while it is held: it must not run away from the finger. */
  function stretch(): void {
    const reach = reachFor(present);
    if (document.activeElement === slider && reach <= Number(slider.max)) return;
    slider.min = String(-reach);
    slider.max = String(reach);
  }

  function tell(text: string): void {
    problem.textContent = text;
    field.setAttribute("aria-invalid", String(text !== ""));
  }

  function take(): void {
    const reading = readNumber(field.value);
    if ("value" in reading) set(reading.value);
    else tell(`${reading.problem} It stays at ${writeNumber(present)}.`);
  }

  function close(back: boolean): void {
    if (panel.hidden) return;
    panel.hidden = true;
    if (wanted !== null) flush();
    place = null;
    closed(back);
  }

  on(field, "input", () => {
    typing = true;
  });
  on(field, "change", () => {
    if (typing) take();
  });
  on(field, "keydown", (event) => {
    const turn = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Enter" && typing) take();
    else if (turn !== undefined) {
      event.preventDefault();
      const reading = readNumber(field.value);
      const from = typing && "value" in reading ? reading.value : present;
      const next = readNumber(writeNumber(from + turn * STEP));
      if ("value" in next) set(next.value);
    }
  });
  on(slider, "input", () => set(Number(Number(slider.value).toFixed(2))));
  on(reset, "click", () => set(before));
  on(done, "click", () => close(true));
  on(panel, "keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close(true);
  });
  // What is done here is not done to the diagram under it.
  for (const type of ["pointermove", "click"] as const) on(panel, type, (e) => e.stopPropagation());
  for (const type of ["pointerdown", "focusin"]) {
    document.addEventListener(type, ({ target }) => {
      if (!panel.hidden && target instanceof Node && !panel.contains(target)) close(false);
    }, { signal });
  }

  function put({ x, y, reach }: Spot): void {
    const { clientWidth: width, clientHeight: height } = room;
    const { offsetWidth: own, offsetHeight: tall } = panel;
    const free = reach + GAP;
    const fits = (left: number): boolean => left >= EDGE && left + own <= width - EDGE;
    const beside = [x + free, x - free - own].find(fits);
    const over = y > height / 2 ? y - free - tall : y + free;
    const keep = (at: number, most: number): string => `${Math.max(EDGE, Math.min(most - EDGE, at))}px`;
    panel.style.left = keep(beside ?? x - own / 2, width - own);
    panel.style.top = keep(beside === undefined ? over : y - tall / 2, height - tall);
  }

  return {
    get open() {
      return !panel.hidden;
    },
    show(next, name, value, at, touch) {
      place = next;
      [before, present] = [value, value];
      sentAt = Number.NEGATIVE_INFINITY;
      [waiting, wanted] = [false, null];
      title.textContent = name;
      panel.setAttribute("aria-label", name);
      const word = next.source === null ? "Bias" : "Weight";
      field.setAttribute("aria-label", word);
      slider.setAttribute("aria-label", `${word}, slider`);
      reset.textContent = `Back to ${writeNumber(value)}`;
      tell("");
      panel.hidden = false;
      write();
      put(at);
      // A finger needs no keyboard on the screen to move a slider.
      if (touch) slider.focus();
      else field.select();
    },
    update(value, fresh) {
      if (fresh) {
        waiting = false;
        if (wanted !== null) flush();
      }
      const now = performance.now();
      const held = wanted !== null || now - sentAt < WAIT_MS;
      if (panel.hidden || typing || held || value === present) return;
      if (now - writtenAt < WRITE_EVERY_MS) return;
      present = value;
      write();
    },
    close: () => close(false),
  };
}
