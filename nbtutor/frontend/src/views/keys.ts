// The list of the keys, in a dialog.

import { element } from "../dom";
import { button } from "../popover";
import { SHORTCUTS } from "../shortcuts";

const WHERE =
  "They work while the focus is inside the playground (click into it), and not in a text field, " +
  "a list or on a slider.";

/** Returns what opens the dialog; Escape closes it, and the focus goes back to where it was. */
export function keysDialog(root: HTMLElement): () => void {
  const dialog = element("dialog", "nbt-dialog nbt-keys-dialog");
  const title = element("h2", "", "Keys");
  title.id = `nbt-keys-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  dialog.setAttribute("aria-labelledby", title.id);
  const list = element("dl", "nbt-keys");
  for (const { label, does } of SHORTCUTS) {
    const row = element("div", "");
    const name = element("dt", "");
    for (const part of label.split(" or ")) {
      if (name.childElementCount > 0) name.append(" or ");
      name.append(element("kbd", "", part));
    }
    row.append(name, element("dd", "", does));
    list.append(row);
  }
  const close = button("nbt-toggle", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, element("p", "nbt-dialog-words", WHERE), close);
  // A click on what is behind it, which belongs to the dialog too.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  // For whoever listens further out, Escape has done its work.
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") event.stopPropagation();
  });
  root.append(dialog);
  return () => {
    if (dialog.open) return;
    dialog.showModal();
    close.focus();
  };
}
