// What the plane shows, chosen in a small menu: validation points, and the output in steps.

import type { AnyModel } from "@anywidget/types";
import { LEAD_STEPS, OUTPUT_CENTRE } from "./colours";
import { element } from "./dom";
import { button, popover } from "./popover";
import { parseNames, TRAITS, type FieldKind } from "./protocol";

const CHOICES: readonly (readonly [trait: string, label: string])[] = [
  [TRAITS.showValidation, "Validation points"],
  [TRAITS.discretize, "Output in steps"],
];

export interface Display {
  /** The button and its menu, to be put into a heading. */
  readonly menu: HTMLElement;
  /** Whether the choice of this trait is on. */
  isOn(trait: string): boolean;
}

export function displayMenu(model: AnyModel, changed: () => void, signal: AbortSignal): Display {
  const menu = element("div", "nbt-display");
  const owner = button("nbt-toggle nbt-save", "Show");
  owner.setAttribute("aria-expanded", "false");
  const { panel, open, close } = popover(owner, menu, signal);
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", "What the plane shows");
  menu.append(owner, panel);
  const isOn = (trait: string): boolean => model.get(trait) === true;
  const names = (trait: string): readonly string[] => parseNames(trait, model.get(trait));

  const boxes = new Map<string, HTMLInputElement>();
  const fill = (): HTMLElement[] =>
    CHOICES.filter(([trait]) => !names(TRAITS.hidden).includes(trait)).map(([trait, label]) => {
      const line = element("label", "nbt-choice");
      const box = element("input", "");
      box.type = "checkbox";
      box.checked = isOn(trait);
      box.disabled = names(TRAITS.locked).includes(trait);
      box.addEventListener("change", () => {
        model.set(trait, box.checked);
        model.save_changes();
      });
      boxes.set(trait, box);
      line.append(box, label);
      return line;
    });
  owner.addEventListener("click", () => {
    if (!close()) open(...fill());
  });
  const restrict = (): void => {
    menu.hidden = CHOICES.every(([trait]) => names(TRAITS.hidden).includes(trait));
    close();
  };
  const listen = (trait: string, callback: () => void): void => {
    model.on(`change:${trait}`, callback);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, callback));
  };
  for (const trait of [TRAITS.hidden, TRAITS.locked]) listen(trait, restrict);
  for (const [trait] of CHOICES) {
    listen(trait, () => {
      const box = boxes.get(trait);
      if (box !== undefined) box.checked = isOn(trait);
      changed();
    });
  }
  restrict();
  return { menu, isOn };
}

/** The byte that stands for a byte where the output is drawn in steps: one for each answer. */
export function discreteByte(kind: FieldKind, byte: number): number {
  if (kind === "winner") return byte - (byte % LEAD_STEPS) + LEAD_STEPS - 1;
  return byte < OUTPUT_CENTRE ? 0 : 255;
}

/** Colours of bytes, with one colour for each answer. */
export function discreteColours(kind: FieldKind, colours: Uint32Array): Uint32Array {
  return colours.map((_, byte) => colours[discreteByte(kind, byte)] ?? 0);
}
