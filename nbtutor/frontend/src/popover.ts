// A panel that a button opens over what is below it.

import { element } from "./dom";

export interface Popover {
  readonly panel: HTMLElement;
  readonly isOpen: boolean;
  open(...content: HTMLElement[]): void;
  /** False where it was not open. */
  close(): boolean;
}

/** A panel that `owner` opens; Escape, and a click or the focus elsewhere, close it. */
export function popover(
  owner: HTMLButtonElement,
  root: HTMLElement,
  signal: AbortSignal,
): Popover {
  const panel = element("div", "nbt-popover");
  panel.hidden = true;
  const close = (): boolean => {
    if (panel.hidden) return false;
    panel.hidden = true;
    panel.replaceChildren();
    if (owner.hasAttribute("aria-expanded")) owner.setAttribute("aria-expanded", "false");
    return true;
  };
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !close()) return;
    event.stopPropagation();
    owner.focus();
  }, { signal });
  for (const event of ["pointerdown", "focusin"]) {
    document.addEventListener(event, ({ target }) => {
      if (target instanceof Node && !panel.contains(target) && !owner.contains(target)) close();
    }, { signal });
  }
  return {
    panel,
    close,
    get isOpen() {
      return !panel.hidden;
    },
    open(...content) {
      panel.replaceChildren(...content);
      panel.hidden = false;
      if (owner.hasAttribute("aria-expanded")) owner.setAttribute("aria-expanded", "true");
      panel.querySelector<HTMLElement>("button, input")?.focus();
    },
  };
}

export function button(className: string, text: string): HTMLButtonElement {
  const made = element("button", className, text);
  made.type = "button";
  return made;
}
