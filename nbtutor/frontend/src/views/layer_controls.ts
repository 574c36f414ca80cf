// Buttons on the network's diagram that add and remove layers and units.

import { MOST_LAYERS, MOST_UNITS } from "../diagram";
import { element } from "../dom";
import type { Act } from "../hub";
import type { NetworkLayout } from "../network_layout";
import type { Structure } from "../protocol";

export interface LayerControls {
  /** The buttons for whole layers. */
  readonly bar: HTMLElement;
  /** The buttons over the columns. */
  readonly heads: HTMLElement;
  /** Follows the network; `upright` stacks the buttons where columns are narrow. */
  show(layout: NetworkLayout, structure: Structure, upright: boolean): void;
  restrict(hidden: boolean, locked: boolean): void;
}

interface Head {
  readonly root: HTMLElement;
  readonly field: HTMLInputElement;
  readonly less: HTMLButtonElement;
  readonly more: HTMLButtonElement;
  units: number;
}

export function layerControls(act: Act): LayerControls {
  const bar = element("div", "nbt-depth");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Hidden layers");
  const fewer = smallButton("\u2212", "Remove a layer", () => act("remove_layer", {}));
  const further = smallButton("+", "Add a layer", () => act("add_layer", {}));
  const count = element("span", "nbt-depth-count");
  bar.append(fewer, count, further);
  const heads = element("div", "nbt-heads");
  heads.dataset.lmSuppressShortcuts = "true";
  const made: Head[] = [];
  let layers = 0;
  let locked = false;

  function makeHead(layer: number): Head {
    const root = element("div", "nbt-stepper");
    const field = element("input", "nbt-stepper-field");
    field.type = "number";
    field.min = "1";
    field.max = String(MOST_UNITS);
    field.setAttribute("aria-label", `Units in layer ${layer}`);
    // The field has the arrow keys for both buttons, so they need no place in the row of tabs.
    const add = (units: number): void => act("add_units", { layer, count: units });
    const less = smallButton("\u2212", `Remove a unit from layer ${layer}`, () => add(-1));
    const more = smallButton("+", `Add a unit to layer ${layer}`, () => add(1));
    less.tabIndex = more.tabIndex = -1;
    root.append(less, field, more);
    const head = { root, field, less, more, units: 0 };
    field.addEventListener("keydown", (event) => {
      const turn = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (turn === undefined) return;
      event.preventDefault();
      const next = head.units + turn;
      if (next >= 1 && next <= MOST_UNITS) add(turn);
    });
    field.addEventListener("change", () => {
      const typed = field.value === "" ? Number.NaN : Math.round(Number(field.value));
      const units = Number.isFinite(typed) ? Math.max(1, Math.min(MOST_UNITS, typed)) : head.units;
      field.value = String(units);
      if (units !== head.units) act("set_units", { layer, units });
    });
    return head;
  }

  function disable(): void {
    fewer.disabled = locked || layers === 0;
    further.disabled = locked || layers >= MOST_LAYERS;
    for (const { field, less, more, units } of made) {
      field.disabled = locked;
      less.disabled = locked || units <= 1;
      more.disabled = locked || units >= MOST_UNITS;
    }
  }

  return {
    bar,
    heads,
    show(layout, structure, upright) {
      layers = structure.layers.length - 2;
      count.textContent = `${layers} hidden ${layers === 1 ? "layer" : "layers"}`;
      heads.classList.toggle("nbt-upright", upright);
      while (made.length < layers) made.push(makeHead(made.length + 1));
      // Those that stay are not touched, so that the one with the focus keeps it.
      made.forEach(({ root }, index) => {
        if (index >= layers) root.remove();
        else if (!root.isConnected) heads.append(root);
      });
      made.slice(0, layers).forEach((head, index) => {
        const units = structure.layers[index + 1] ?? 1;
        head.root.style.left = `${layout.columns[index + 1]?.x ?? 0}px`;
        if (units === head.units) return;
        head.units = units;
        head.field.value = String(units);
      });
      disable();
    },
    restrict(hidden, isLocked) {
      bar.hidden = heads.hidden = hidden;
      locked = isLocked;
      disable();
    },
  };
}

function smallButton(text: string, name: string, press: () => void): HTMLButtonElement {
  const button = element("button", "nbt-small", text);
  button.type = "button";
  button.setAttribute("aria-label", name);
  button.title = name;
  button.addEventListener("click", press);
  return button;
}
