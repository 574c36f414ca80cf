// Single keys for what is done often, while the focus is inside a playground.
//
// A key is left alone where it has a meaning already: in a text field, on a slider or in a list, in
// an open panel, with Ctrl, Alt or Meta, and where a view has taken it. Space on a button presses
// that button, as everywhere.

import type { Act } from "./hub";

export interface Shortcut {
  /** As `KeyboardEvent.key` says it. */
  readonly keys: readonly string[];
  /** As a person reads them. */
  readonly label: string;
  readonly does: string;
  /** The button of the transport that it presses; null for what the page does itself. */
  readonly press: string | null;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: [" ", "p"], label: "Space or p", does: "Play or pause", press: "play" },
  { keys: [".", "ArrowRight"], label: ". or →", does: "One step: an update", press: "step" },
  { keys: ["e"], label: "e", does: "One epoch", press: "epoch" },
  { keys: ["r"], label: "r", does: "Reset", press: "reset" },
  { keys: ["n"], label: "n", does: "New weights", press: "redraw" },
  { keys: ["u"], label: "u", does: "Undo", press: "undo" },
  { keys: ["l"], label: "l", does: "Logarithmic loss axis, on and off", press: null },
  { keys: ["?"], label: "?", does: "This list", press: null },
];

/** JupyterLab looks for no shortcut of its own at an element that has this. */
export const SUPPRESS = "data-lm-suppress-shortcuts";

// Keys that are typed here: not the boxes that are ticked, which look the same to a selector.
const TYPED = [
  "input:not([type=checkbox], [type=button])",
  "textarea",
  "select",
  "[contenteditable]:not([contenteditable=false])",
  "[role=slider]",
  "[role=textbox]",
  "[role=spinbutton]",
  "[role=listbox]",
  "dialog",
  ".nbt-popover",
].join(", ");

const PRESSED = "button, a, summary, input, [role=button], [role=checkbox], [role=switch]";

const REPEAT_MS = 60;

export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
}

/** What a key means at an element; null for nothing, and then it is left alone. */
export function meaning(
  event: Pressed,
  target: { closest(selector: string): unknown },
): Shortcut | null {
  if (event.defaultPrevented || event.isComposing) return null;
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (target.closest(TYPED) !== null) return null;
  if (event.key === " " && target.closest(PRESSED) !== null) return null;
  return SHORTCUTS.find(({ keys }) => keys.includes(event.key)) ?? null;
}

export interface Keyboard {
  readonly act: Act;
  /** Opens the list of the keys. */
  help(): void;
}

/** Listens for the board that `root` stands in, until `signal`. */
export function listenToKeys(root: HTMLElement, keyboard: Keyboard, signal: AbortSignal): void {
  let last = -Infinity;
  let suppressed: Element | null = null;
  const inBoard = (target: EventTarget | null): target is Element => {
    const board = root.closest(".nbt-board");
    return board !== null && target instanceof Element && board.contains(target);
  };

  // JupyterLab listens at the document before anyone else, where D pressed twice deletes a cell.
  // Its keys with Ctrl or Meta, such as that for saving, are left to it, and Shift with Enter.
  window.addEventListener("keydown", (event) => {
    const { target } = event;
    // Left where it was, it would hold for all that is inside.
    suppressed?.removeAttribute(SUPPRESS);
    suppressed = null;
    if (!inBoard(target)) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const runs = event.shiftKey && event.key === "Enter";
    if (!plain || runs) return;
    suppressed = target;
    target.setAttribute(SUPPRESS, "");
  }, { signal, capture: true });

  document.addEventListener("keydown", (event) => {
    if (!inBoard(event.target)) return;
    const shortcut = meaning(event, event.target);
    if (shortcut === null) return;
    event.preventDefault();
    const step = shortcut.press === "step";
    if (event.repeat && (!step || event.timeStamp - last < REPEAT_MS)) return;
    last = event.timeStamp;
    if (shortcut.press !== null) keyboard.act(`press_${shortcut.press}`, {});
    else if (shortcut.keys.includes("?")) keyboard.help();
    else pressLog(root);
  }, { signal });

  // A click beside the controls brings the focus into the playground.
  document.addEventListener("pointerdown", ({ target }) => {
    if (!inBoard(target)) return;
    const board = root.closest<HTMLElement>(".nbt-board");
    if (board !== null && !board.hasAttribute("tabindex")) board.tabIndex = -1;
  }, { signal, capture: true });
}

function pressLog(root: HTMLElement): void {
  const board = root.closest(".nbt-board");
  board?.querySelector<HTMLElement>(".nbt-view-curves .nbt-log:not([hidden])")?.click();
}
