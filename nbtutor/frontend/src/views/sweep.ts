// A sweep of learning rates: starts it, keeps it going, shows what became of every rate.

import type { AnyModel } from "@anywidget/types";
import { axisBottom, axisLeft } from "d3-axis";
import { scaleLog } from "d3-scale";
import { select, type Selection } from "d3-selection";
import { element } from "../dom";
import type { Act } from "../hub";
import { formatLoss, formatTick } from "../numbers";
import { button } from "../popover";
import { parseSweep, TRAITS } from "../protocol";
import {
  formatRate,
  listRates,
  lossRange,
  nearest,
  OUTCOMES,
  type Outcome,
  type Sweep,
} from "../sweep";

// Its width is that of the panel.
const HEIGHT = 220;
const MARGIN = { top: 14, right: 14, bottom: 36, left: 52 };

/** Told apart by shape; the paths are drawn about 0, 0. */
const SHAPES: Record<Outcome, string> = {
  slow: "M0,5.5L-5,-4.5L5,-4.5Z",
  converged: "M-5,0A5,5,0,1,0,5,0A5,5,0,1,0,-5,0Z",
  "too high": "M-4.5,-4.5L4.5,-4.5L4.5,4.5L-4.5,4.5Z",
  diverged: "M-4.5,-4.5L4.5,4.5M4.5,-4.5L-4.5,4.5",
};
const UNKNOWN = "M-2,0A2,2,0,1,0,2,0A2,2,0,1,0,-2,0Z";

export interface SweepPanel {
  readonly root: HTMLElement;
  /** Takes up a sweep that is under way. */
  enter(): void;
}

/** `isOpen` tells whether anybody looks: a sweep goes on only then. */
export function sweepPanel(
  model: AnyModel,
  act: Act,
  isOpen: () => boolean,
  signal: AbortSignal,
): SweepPanel {
  const root = element("div", "nbt-sweep");
  const text = element("p", "nbt-sweep-text");
  const figure = element("div", "nbt-sweep-figure");
  const svg = select(figure).append("svg")
    .attr("height", HEIGHT)
    .attr("aria-hidden", "true");
  const bottom = svg.append("g").attr("transform", `translate(0,${HEIGHT - MARGIN.bottom})`);
  const left = svg.append("g").attr("transform", `translate(${MARGIN.left},0)`);
  const start = svg.append("line").attr("class", "nbt-sweep-start");
  const present = svg.append("line").attr("class", "nbt-sweep-present");
  const presentName = svg.append("text").attr("class", "nbt-sweep-name").text("present rate");
  const line = svg.append("path").attr("class", "nbt-sweep-line");
  const marks = svg.append("g");
  const cursor = svg.append("circle").attr("class", "nbt-sweep-cursor").attr("r", 9);
  const name = svg.append("text").attr("class", "nbt-sweep-name")
    .attr("y", HEIGHT - 4).attr("text-anchor", "middle")
    .text("learning rate");
  const legend = element("ul", "nbt-sweep-legend");
  const progress = element("progress", "");
  progress.setAttribute("aria-label", "Epochs of the sweep");
  const run = button("nbt-toggle nbt-sweep-run", "");
  const chosen = element("span", "nbt-sweep-chosen");
  const take = button("nbt-toggle nbt-sweep-take", "");
  const foot = element("div", "nbt-sweep-foot");
  foot.append(chosen, take, progress, run);
  figure.setAttribute("role", "slider");
  figure.setAttribute("aria-label", "Learning rate to take, by its loss");
  figure.setAttribute("aria-orientation", "horizontal");
  // Read out as they change, which is when a sweep begins and when it ends.
  for (const told of [text, legend]) told.setAttribute("aria-live", "polite");
  root.append(text, figure, legend, foot);

  let sweep: Sweep | null = null;
  let place = -1;
  let width = 560;
  let asked = -1;

  const read = (): Sweep | null => {
    try {
      return parseSweep(model.get(TRAITS.sweep));
    } catch (failure) {
      console.error("[nbtutor]", failure);
      return null;
    }
  };
  const xs = (from: Sweep): number[] => {
    const scale = rateScale(from, width);
    return from.rates.map((rate) => scale(rate));
  };

  /** Asks for the next portion after a paint, once. */
  const goOn = (): void => {
    const now = sweep;
    if (now?.state !== "running" || !isOpen() || asked === now.portions) return;
    asked = now.portions;
    requestAnimationFrame(() => {
      if (!signal.aborted && isOpen()) act("sweep", { what: "more", seen: now.portions });
      else asked = -1;
    });
  };

  const say = (words: string): void => {
    if (text.textContent !== words) text.textContent = words;
  };

  const show = (): void => {
    const before = sweep;
    sweep = read();
    figure.hidden = legend.hidden = sweep === null;
    if (sweep === null) {
      say(
        "Trains the present settings with many learning rates at once, all from the same first " +
          "weights.",
      );
    } else {
      if (before === null || before.rates.length !== sweep.rates.length || place < 0) {
        place = nearest(sweep.rates, sweep.present);
      }
      say(sentence(sweep));
      draw(sweep);
    }
    tellOutcomes(sweep);
    root.dataset.state = sweep?.state ?? "none";
    progress.hidden = sweep?.state !== "running";
    progress.max = sweep?.total ?? 1;
    progress.value = sweep?.done ?? 0;
    chosen.hidden = take.hidden = sweep?.state !== "done";
    run.textContent =
      sweep === null ? "Start the sweep" : sweep.state === "running" ? "Stop" : "Sweep again";
    goOn();
  };

  const draw = (now: Sweep): void => {
    width = figure.clientWidth || width;
    const x = rateScale(now, width);
    name.attr("x", (width + MARGIN.left) / 2);
    const y = scaleLog(lossRange(now), [HEIGHT - MARGIN.bottom, MARGIN.top + 12]).clamp(true);
    bottom.call(axisBottom(x).tickSizeOuter(0).ticks(width / 90, formatRate));
    left.call(axisLeft(y).tickSizeOuter(0).ticks(4).tickFormat((v) => sparse(y, Number(v))));
    const level = y(now.start);
    start.attr("x1", MARGIN.left).attr("x2", width - MARGIN.right).attr("y1", level).attr("y2", level);
    const at = x(now.present);
    const known = now.present > 0 && at >= MARGIN.left - 1 && at <= width - MARGIN.right + 1;
    present.attr("display", known ? null : "none");
    presentName.attr("display", known ? null : "none");
    if (known) {
      present.attr("x1", at).attr("x2", at).attr("y1", MARGIN.top).attr("y2", HEIGHT - MARGIN.bottom);
      const end = at > width / 2;
      presentName.attr("x", at + (end ? -5 : 5)).attr("y", MARGIN.top)
        .attr("text-anchor", end ? "end" : "start");
    }
    const heights = now.losses.map((loss) => (loss === null ? MARGIN.top + 12 : y(loss)));
    line.attr("d", pathOf(now, x, heights));
    drawMarks(marks, now, xs(now), heights);
    cursor.attr("display", now.state === "done" ? null : "none");
    if (now.state === "done") {
      cursor.attr("cx", x(now.rates[place] ?? 1)).attr("cy", heights[place] ?? 0);
    }
    tellChoice(now);
  };

  const tellOutcomes = (now: Sweep | null): void => {
    const items = OUTCOMES.map((outcome) => [outcome, now ? listRates(now, outcome) : ""] as const)
      .filter(([, rates]) => rates !== "");
    const key = JSON.stringify(items);
    if (legend.dataset.key === key) return;
    legend.dataset.key = key;
    legend.replaceChildren(...items.map(([outcome, rates]) => legendItem(outcome, rates)));
  };

  const tellChoice = (now: Sweep): void => {
    const rate = now.rates[place] ?? 0;
    const words = `${formatRate(rate)}: loss ${formatLoss(now.losses[place] ?? null)}, ${now.outcomes[place] ?? "under way"}`;
    figure.tabIndex = now.state === "done" ? 0 : -1;
    figure.setAttribute("aria-valuemin", "1");
    figure.setAttribute("aria-valuemax", String(now.rates.length));
    figure.setAttribute("aria-valuenow", String(place + 1));
    figure.setAttribute("aria-valuetext", words);
    chosen.textContent = words;
    take.textContent = `Take ${formatRate(rate)}`;
    take.disabled = rate === now.present;
  };

  const takeRate = (): void => {
    const rate = sweep?.rates[place];
    if (sweep?.state === "done" && rate !== undefined) act("take_rate", { rate });
  };
  const move = (next: number): void => {
    if (sweep?.state !== "done") return;
    place = Math.max(0, Math.min(sweep.rates.length - 1, next));
    draw(sweep);
  };
  const under = (event: PointerEvent | MouseEvent): number => {
    const { left: edge } = figure.getBoundingClientRect();
    return sweep === null ? -1 : nearest(xs(sweep), event.clientX - edge);
  };

  figure.addEventListener("pointermove", (event) => move(under(event)));
  figure.addEventListener("click", (event) => {
    move(under(event));
    takeRate();
  });
  figure.addEventListener("keydown", (event) => {
    const ends = { Home: 0, End: Infinity } as Record<string, number>;
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 } as Record<string, number>;
    if (event.key === "Enter") takeRate();
    else if (event.key in ends) move(ends[event.key] ?? 0);
    else if (event.key in steps) move(place + (steps[event.key] ?? 0));
    else return;
    event.preventDefault();
  });
  take.addEventListener("click", takeRate);
  run.addEventListener("click", () => {
    const running = sweep?.state === "running";
    asked = -1;
    act("sweep", { what: running ? "stop" : "start", seen: sweep?.portions ?? 0 });
  });
  model.on(`change:${TRAITS.sweep}`, show);
  signal.addEventListener("abort", () => model.off(`change:${TRAITS.sweep}`, show));
  return {
    root,
    enter() {
      asked = -1;
      place = -1;
      show();
    },
  };
}

function sentence(sweep: Sweep): string {
  const old = sweep.fits ? "" : " Other settings have changed since, so it may not hold for them.";
  if (sweep.state === "running") return `All rates are trained for ${sweep.total} epochs.${old}`;
  if (sweep.state === "stopped") return `Stopped at epoch ${sweep.done} of ${sweep.total}.${old}`;
  return `Training loss after ${sweep.total} epochs. Click a rate to take it.${old}`;
}

function rateScale(sweep: Sweep, width: number) {
  const [low, high] = [Math.min(...sweep.rates), Math.max(...sweep.rates)];
  const ends = low < high ? [low, high] : [low / 2, high * 2];
  return scaleLog(ends, [MARGIN.left + 12, width - MARGIN.right]);
}

function pathOf(sweep: Sweep, x: (rate: number) => number, heights: readonly number[]): string {
  let pen = "M";
  return sweep.rates
    .map((rate, place) => {
      if (sweep.losses[place] === null) {
        pen = "M";
        return "";
      }
      const part = `${pen}${x(rate).toFixed(1)},${(heights[place] ?? 0).toFixed(1)}`;
      pen = "L";
      return part;
    })
    .join("");
}

function drawMarks(
  group: Selection<SVGGElement, unknown, null, undefined>,
  sweep: Sweep,
  xs: readonly number[],
  heights: readonly number[],
): void {
  group
    .selectAll("path")
    .data(sweep.rates)
    .join("path")
    .attr("class", (_, place) => `nbt-sweep-mark nbt-sweep-${className(sweep.outcomes[place])}`)
    .attr("d", (_, place) => {
      const outcome = sweep.outcomes[place];
      return outcome === undefined ? UNKNOWN : SHAPES[outcome];
    })
    .attr("transform", (_, place) => `translate(${xs[place] ?? 0},${heights[place] ?? 0})`);
}

function className(outcome: Outcome | undefined): string {
  return (outcome ?? "unknown").replace(" ", "-");
}

function legendItem(outcome: Outcome, rates: string): HTMLElement {
  const item = element("li", "");
  item.dataset.outcome = outcome;
  select(item).append("svg").attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true")
    .append("path").attr("class", `nbt-sweep-mark nbt-sweep-${className(outcome)}`)
    .attr("d", SHAPES[outcome]);
  item.append(element("strong", "", outcome), ` ${rates}`);
  return item;
}

/** Of a log axis's ticks, those that begin with 1, 2 or 5, or all where there are few. */
function sparse(scale: { ticks(count?: number): number[] }, value: number): string {
  if (scale.ticks(4).length <= 6) return formatTick(value);
  const first = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some((digit) => Math.abs(first - digit) < 1e-6) ? formatTick(value) : "";
}
