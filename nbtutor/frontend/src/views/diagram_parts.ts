// Every unit and link of the diagram as an element with a name: one stop of the Tab key, and the
// arrow keys lead from one to the next.

import {
  middleOf, placeOf, sameTarget, step, tellTarget, type Pivot, type Target,
} from "../diagram";
import { element } from "../dom";
import type { NetworkLayout } from "../network_layout";
import type { Structure } from "../protocol";
import { Throttle } from "../throttle";

const NAME_EVERY_MS = 2_000;
const LEAST_SIZE = 24;
const FIRST: Target = { kind: "unit", index: 0 };

export interface DiagramParts {
  readonly root: HTMLElement;
  /** Makes or moves the elements. */
  layOut(layout: NetworkLayout, structure: Structure): void;
  /** Offers the present numbers for the names. */
  tell(weights: Float32Array | null): void;
  /** Which part an element is, if any. */
  partOf(target: EventTarget | null): Target | null;
  focus(target: Target): void;
  setEditable(editable: boolean): void;
}

/** `focused` hears of the part that has the focus, and of none. */
export function diagramParts(
  focused: (target: Target | null) => void, signal: AbortSignal,
): DiagramParts {
  const root = element("div", "nbt-parts");
  root.setAttribute("role", "toolbar");
  root.setAttribute("aria-label", "Units and links: arrow keys move, Enter edits");
  // JupyterLab's shortcuts would take the arrow keys.
  root.dataset.lmSuppressShortcuts = "true";
  let layout: NetworkLayout | null = null;
  let structure: Structure | null = null;
  let weights: Float32Array | null = null;
  let current = FIRST;
  let pivot: Pivot = "from";
  let editable = true;
  let buttons: Record<Target["kind"], HTMLButtonElement[]> = { unit: [], link: [] };
  const parts = new Map<EventTarget, Target>();
  const names = new Throttle<object>(NAME_EVERY_MS, () => {
    for (const [button, target] of parts) name(button as HTMLElement, target);
  });
  signal.addEventListener("abort", () => names.stop());

  function name(button: HTMLElement, target: Target): void {
    if (layout === null || structure === null) return;
    const text = tellTarget(target, layout, structure, weights);
    if (button.getAttribute("aria-label") !== text) button.setAttribute("aria-label", text);
  }

  function make(target: Target): HTMLButtonElement {
    const button = element("button", `nbt-part nbt-part-${target.kind}`);
    button.type = "button";
    button.tabIndex = -1;
    parts.set(button, target);
    return button;
  }

  function buttonOf({ kind, index }: Target): HTMLButtonElement | undefined {
    return buttons[kind][index];
  }

  function choose(target: Target): void {
    const [before, next] = [buttonOf(current), buttonOf(target)];
    if (before !== undefined) before.tabIndex = -1;
    if (next !== undefined) next.tabIndex = 0;
    current = target;
  }

  function allowEditing(): void {
    for (const [button, target] of parts) {
      const opens = editable && layout !== null && placeOf(target, layout) !== null;
      if (opens) (button as HTMLElement).setAttribute("aria-haspopup", "dialog");
      else (button as HTMLElement).removeAttribute("aria-haspopup");
    }
  }

  root.addEventListener("keydown", (event) => {
    if (layout === null || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = step(layout, current, event.key, pivot);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    pivot = next.pivot;
    if (!sameTarget(next.target, current)) buttonOf(next.target)?.focus();
  }, { signal });
  root.addEventListener("focusin", ({ target }) => {
    const part = target === null ? undefined : parts.get(target);
    if (part === undefined) return;
    choose(part);
    // Now, since it is read out now; else names are as old as a person can listen.
    name(target as HTMLElement, part);
    focused(part);
  }, { signal });
  root.addEventListener("focusout", () => focused(null), { signal });

  return {
    root,
    layOut(nextLayout, nextStructure) {
      [layout, structure] = [nextLayout, nextStructure];
      const { units, links } = layout;
      if (buttons.unit.length !== units.length || buttons.link.length !== links.length) {
        const held = root.contains(document.activeElement);
        parts.clear();
        buttons = {
          unit: units.map((_, index) => make({ kind: "unit", index })),
          link: links.map((_, index) => make({ kind: "link", index })),
        };
        root.replaceChildren(...buttons.unit, ...buttons.link);
        choose(buttonOf(current) === undefined ? FIRST : current);
        if (held) buttonOf(current)?.focus();
        allowEditing();
      }
      for (const [button, target] of parts) {
        const { x, y } = middleOf(target, layout);
        const size = target.kind === "link" ? LEAST_SIZE : Math.max(LEAST_SIZE, units[0]?.size ?? 0);
        const { style } = button as HTMLElement;
        [style.left, style.top] = [`${x - size / 2}px`, `${y - size / 2}px`];
        style.width = style.height = `${size}px`;
        name(button as HTMLElement, target);
      }
    },
    tell(next) {
      weights = next;
      names.offer(() => ({}));
    },
    partOf: (target) => (target === null ? null : (parts.get(target) ?? null)),
    focus: (target) => buttonOf(target)?.focus(),
    setEditable(next) {
      editable = next;
      allowEditing();
    },
  };
}
