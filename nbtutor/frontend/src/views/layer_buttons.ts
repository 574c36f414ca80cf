// Over each hidden layer of the network: a button with its activation, which opens a panel to change
// that and the layer's dropout. The buttons lie over the picture, and are no part of it: what is in a
// picture, screen readers do not tell.

import { element } from "../dom";
import { curvePaths, labelOf, layerWords, percent } from "../layer_settings";
import type { Surface } from "../mount";
import type { Column } from "../network_layout";
import { parseActivations, parseLayers, parseNames, TRAITS } from "../protocol";
import { Throttle } from "../throttle";

const HEIGHT = 30;
const NARROW_COLUMN = 84;
const GAP = 6;
const SEND_EVERY_MS = 60;
const SETTINGS = ["activation", "dropout"] as const;
const SVG = "http://www.w3.org/2000/svg";

export interface LayerButtons {
  /** The room that they take above the units, in pixels of scale 1. */
  height(): number;
  /** Puts a button over each hidden layer. */
  place(columns: readonly Column[], spacing: number, top: number, scale: number): void;
}

export function layerButtons({ root, model, signal, act, redraw }: Surface): LayerButtons {
  const bar = element("div", "nbt-layer-bar");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Settings of the hidden layers");
  const panel = element("div", "nbt-popover nbt-layer-settings");
  panel.setAttribute("role", "dialog");
  panel.hidden = true;
  const title = element("p", "nbt-layer-title");
  const plot = element("div", "nbt-layer-plot");
  const select = element("select", "");
  const range = element("input", "");
  const readout = element("output", "");
  const activationPart = field("Activation", select);
  const dropoutPart = field("Dropout", range, readout);
  Object.assign(range, { type: "range", min: "0", max: "0.9", step: "0.05" });
  panel.append(title, plot, activationPart, dropoutPart);
  bar.append(panel);
  root.append(bar);

  const buttons: HTMLButtonElement[] = [];
  const choices = parseActivations(model.get(TRAITS.activations));
  select.replaceChildren(
    ...choices.map(({ name, label }) => Object.assign(element("option", "", label), { value: name })),
  );
  let layers = parseLayers(model.get(TRAITS.layers));
  let hidden: readonly string[] = [];
  let locked: readonly string[] = [];
  let middles: readonly number[] = [];
  let room = 0;
  /** Number of the layer whose panel is open, from 1; 0 for none. */
  let open = 0;
  /** What the slider was moved to, until the kernel has it. */
  let wanted: number | null = null;
  const send = new Throttle<string>(SEND_EVERY_MS, (message) => {
    const [layer, value] = message.split(":").map(Number);
    act("layer_dropout", { layer, value });
  });

  function shownSettings(): readonly string[] {
    return SETTINGS.filter((name) => !hidden.includes(name));
  }

  function refresh(): void {
    const told = shownSettings();
    while (buttons.length < layers.length) addButton();
    while (buttons.length > layers.length) buttons.pop()?.remove();
    if (open > buttons.length) close();
    buttons.forEach((button, index) => {
      const setting = layers[index];
      if (setting === undefined) return;
      const words = layerWords(index + 1, setting, choices, told);
      button.setAttribute("aria-label", words);
      button.title = words;
      button.dataset.dropout = String(told.includes("dropout") && setting.dropout > 0);
      const parts: Element[] = [];
      if (told.includes("activation")) {
        parts.push(
          glyph(curveOf(setting.activation), 18, 14),
          element("span", "nbt-layer-name", labelOf(setting.activation, choices)),
        );
      }
      if (told.includes("dropout") && (setting.dropout > 0 || parts.length === 0)) {
        parts.push(element("span", "nbt-layer-dropout", percent(setting.dropout)));
      }
      button.replaceChildren(...parts);
    });
    const setting = layers[open - 1];
    if (setting === undefined) return;
    if (told.length === 0) {
      close();
      return;
    }
    title.textContent = `Hidden ${open}`;
    panel.setAttribute("aria-label", `Hidden ${open}`);
    // The same settings have controls for all layers at the left.
    select.setAttribute("aria-label", `Activation of hidden ${open}`);
    range.setAttribute("aria-label", `Dropout of hidden ${open}`);
    select.value = setting.activation;
    plot.replaceChildren(glyph(curveOf(setting.activation), 176, 72));
    if (wanted === null || Math.abs(wanted - setting.dropout) < 1e-9) {
      wanted = null;
      range.value = String(setting.dropout);
      tellDropout(setting.dropout);
    }
  }

  function curveOf(name: string): readonly number[] {
    return choices.find((choice) => choice.name === name)?.curve ?? [];
  }

  function tellDropout(share: number): void {
    readout.textContent = percent(share);
    range.setAttribute("aria-valuetext", percent(share));
  }

  function restrict(): void {
    hidden = parseNames(TRAITS.hidden, model.get(TRAITS.hidden));
    locked = parseNames(TRAITS.locked, model.get(TRAITS.locked));
    activationPart.hidden = plot.hidden = hidden.includes("activation");
    dropoutPart.hidden = hidden.includes("dropout");
    select.disabled = locked.includes("activation");
    range.disabled = locked.includes("dropout");
    wanted = null;
    bar.hidden = shownSettings().length === 0;
    refresh();
  }

  function toggle(layer: number): void {
    if (open === layer) {
      close();
      return;
    }
    close();
    open = layer;
    buttons[layer - 1]?.setAttribute("aria-expanded", "true");
    panel.hidden = false;
    refresh();
    reposition();
    panel.querySelector<HTMLElement>("select:enabled, input:enabled")?.focus();
  }

  function close(): void {
    buttons[open - 1]?.setAttribute("aria-expanded", "false");
    open = 0;
    wanted = null;
    panel.hidden = true;
  }

  function reposition(): void {
    const owner = buttons[open - 1];
    if (owner === undefined) return;
    const middle = owner.offsetLeft;
    const most = bar.clientWidth - panel.offsetWidth;
    panel.style.left = `${Math.max(0, Math.min(most, middle - panel.offsetWidth / 2))}px`;
  }

  select.addEventListener("change", () => {
    act("layer_activation", { layer: open, value: select.value });
  });
  range.addEventListener("input", () => {
    wanted = range.valueAsNumber;
    const message = `${open}:${wanted}`;
    tellDropout(wanted);
    send.offer(() => message);
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || open === 0) return;
    event.stopPropagation();
    const owner = buttons[open - 1];
    close();
    owner?.focus();
  });
  for (const event of ["pointerdown", "focusin"]) {
    document.addEventListener(event, ({ target }) => {
      const owner = buttons[open - 1];
      if (owner === undefined || !(target instanceof Node)) return;
      if (!panel.contains(target) && !owner.contains(target)) close();
    }, { signal });
  }
  const listen = (trait: string, callback: () => void): void => {
    model.on(`change:${trait}`, callback);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, callback));
  };
  listen(TRAITS.layers, () => {
    layers = parseLayers(model.get(TRAITS.layers));
    refresh();
    putButtons(); // the picture with as many layers may have come before
  });
  for (const trait of [TRAITS.hidden, TRAITS.locked]) {
    listen(trait, () => {
      restrict();
      redraw(); // the room over the units may have changed
    });
  }
  signal.addEventListener("abort", () => send.stop());
  restrict();

  function addButton(): void {
    const layer = buttons.length + 1;
    const button = element("button", "nbt-layer-button");
    button.type = "button";
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => toggle(layer));
    buttons.push(button);
    panel.before(button);
  }

  function putButtons(): void {
    buttons.forEach((button, index) => {
      const x = middles[index];
      if (x === undefined) return;
      button.style.left = `${x}px`;
      button.style.maxWidth = `${room}px`;
    });
  }

  return {
    height: () => (bar.hidden ? 0 : HEIGHT),
    place(columns, spacing, top, scale) {
      middles = columns.slice(1, -1).map(({ x }) => x);
      room = spacing - GAP;
      bar.style.top = `${top}px`;
      bar.classList.toggle("nbt-narrow", spacing < NARROW_COLUMN * scale);
      putButtons();
      reposition();
    },
  };
}

function field(text: string, control: HTMLElement, ...after: HTMLElement[]): HTMLElement {
  const label = element("label", "nbt-layer-field");
  label.append(element("span", "", text), control, ...after);
  return label;
}

function glyph(values: readonly number[], width: number, height: number): SVGElement {
  const paths = curvePaths(values, width, height);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `-1 -1 ${width + 2} ${height + 2}`);
  svg.setAttribute("aria-hidden", "true");
  for (const [name, d] of Object.entries(paths)) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", `nbt-glyph-${name}`);
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
