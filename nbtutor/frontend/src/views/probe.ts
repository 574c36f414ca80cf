// The tip on the plane: where the pointer is, and what the network answers there while it learns.
// The keyboard has a crosshair for it.

import { element, LiveText } from "../dom";
import { formatValue } from "../numbers";
import { SUPPRESS } from "../shortcuts";
import { Throttle } from "../throttle";

const STEP = 0.5;
const FINE_STEP = 0.1;
const SPEAK_EVERY_MS = 1_000;
const GAP = 14;

interface Place {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

interface Plane {
  toPixels(x: number, y: number): [number, number];
  toPlane(px: number, py: number): [number, number];
}

type Spot = { readonly x: number; readonly y: number };

export interface Probe {
  layOut(place: Place): void;
  /** The place to tell of, in pixels: the pointer's, or else the crosshair's. */
  at(pointer: Spot | null): Spot | null;
  /** Tells what is there; null for nothing. */
  tell(spot: Spot | null, answer: string): void;
}

export function probing(
  root: HTMLElement, signal: AbortSignal, redraw: () => void, plane: Plane,
): Probe {
  const box = element("div", "nbt-probe");
  box.tabIndex = 0;
  box.setAttribute(SUPPRESS, "");
  box.setAttribute("role", "application");
  box.setAttribute(
    "aria-label",
    "Values on the plane: arrow keys move a crosshair, with Shift in small steps. " +
      "Home takes it to the middle.",
  );
  const across = box.appendChild(element("span", "nbt-probe-line"));
  const down = box.appendChild(element("span", "nbt-probe-line"));
  const tip = element("div", "nbt-tip nbt-probe-tip");
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  const where = new LiveText(tip.appendChild(element("div", "nbt-probe-where")));
  const what = new LiveText(tip.appendChild(element("div", "")));
  const spoken = element("p", "nbt-unseen nbt-probe-spoken");
  spoken.setAttribute("role", "status");
  root.append(box, tip, spoken);
  const speak = new Throttle<string>(SPEAK_EVERY_MS, (text) => (spoken.textContent = text));

  let place: Place = { left: 0, top: 0, side: 0 };
  let cross: readonly [number, number] = [0, 0];
  const isOn = (): boolean => document.activeElement === box;

  box.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = event.shiftKey ? FINE_STEP : STEP;
      const ways: Readonly<Record<string, readonly [number, number]>> = {
        ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step],
        Home: [-cross[0], -cross[1]],
      };
      const way = ways[event.key];
      if (way === undefined) return;
      event.preventDefault();
      const [px, py] = plane.toPixels(cross[0] + way[0], cross[1] + way[1]);
      const within = (value: number): number => Math.max(0, Math.min(place.side, value));
      const [x, y] = plane.toPlane(within(px), within(py));
      cross = [round(x), round(y)];
      redraw();
    },
    { signal },
  );
  for (const name of ["focus", "blur"]) box.addEventListener(name, redraw, { signal });
  signal.addEventListener("abort", () => speak.stop());

  return {
    layOut(now) {
      place = now;
      box.style.left = `${now.left}px`;
      box.style.top = `${now.top}px`;
      box.style.width = box.style.height = `${now.side}px`;
    },
    at(pointer) {
      if (pointer !== null || !isOn()) return pointer;
      const [x, y] = plane.toPixels(...(cross as [number, number]));
      return { x, y };
    },
    tell(spot, answer) {
      tip.hidden = spot === null;
      if (spot === null) return;
      const [x, y] = plane.toPlane(spot.x, spot.y);
      where.set(`x ${formatValue(x)}, y ${formatValue(y)}`);
      what.set(answer);
      if (isOn()) {
        across.style.top = `${spot.y}px`;
        down.style.left = `${spot.x}px`;
        speak.offer(() => `x ${formatValue(x)}, y ${formatValue(y)}: ${answer}.`);
      }
      const { offsetWidth: width, offsetHeight: height } = tip;
      const beside = spot.x > place.side / 2 ? spot.x - GAP - width : spot.x + GAP;
      const below = spot.y > place.side / 2 ? spot.y - GAP - height : spot.y + GAP;
      tip.style.left = `${place.left + Math.max(0, Math.min(place.side - width, beside))}px`;
      tip.style.top = `${place.top + Math.max(0, Math.min(place.side - height, below))}px`;
    },
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
