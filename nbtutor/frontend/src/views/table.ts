// The dialog that takes a table: pasted, or from a file.

import { element } from "../dom";

const MOST_CHARACTERS = 500_000;
const GIVE_UP_MS = 10_000;

export interface TableDialog {
  open(): void;
  /** The kernel has taken the table. */
  taken(): void;
  /** The kernel has said what is wrong with it; empty for nothing. */
  refused(error: string): void;
}

export function tableDialog(
  root: HTMLElement,
  signal: AbortSignal,
  send: (text: string) => void,
): TableDialog {
  const dialog = element("dialog", "nbt-dialog nbt-table-dialog");
  const title = element("h2", "", "Points from a table");
  dialog.setAttribute("aria-label", title.textContent ?? "");
  const words = element("p", "nbt-dialog-words");
  words.textContent =
    "CSV with three columns: two of numbers, which become x and y, and last the class " +
    "(at most 5, words or numbers) or a number to predict. A first row of names is found by " +
    "itself. 4 to 5,000 rows. The two columns are scaled to mean 0 and standard deviation 2, " +
    "which puts most points on the plane; numbers to predict to mean 0 and standard deviation 1.";
  const label = element("label", "nbt-dialog-label", "Table");
  const area = element("textarea", "nbt-table-text");
  area.rows = 8;
  area.spellcheck = false;
  area.placeholder = "width,height,kind\n1.2,3.4,apple\n2.1,0.3,pear";
  label.append(area);
  const upload = element("label", "nbt-dialog-label", "Or a file");
  const file = element("input", "nbt-table-file");
  file.type = "file";
  file.accept = ".csv,.tsv,.txt,text/csv,text/plain";
  upload.append(file);
  const alert = element("p", "nbt-dialog-error");
  alert.setAttribute("role", "alert");
  const buttons = element("div", "nbt-dialog-buttons");
  const use = element("button", "nbt-toggle nbt-table-use", "Use these points");
  const cancel = element("button", "nbt-toggle", "Cancel");
  use.type = cancel.type = "button";
  buttons.append(use, cancel);
  dialog.append(title, words, label, upload, alert, buttons);
  root.append(dialog);

  let waiting = false;
  let timer = 0;

  function wait(now: boolean): void {
    waiting = now;
    use.disabled = now;
    window.clearTimeout(timer);
    if (now) {
      timer = window.setTimeout(() => {
        wait(false);
        alert.textContent = "The kernel has not answered. Try again when it does.";
      }, GIVE_UP_MS);
    }
  }

  async function read(chosen: File): Promise<void> {
    alert.textContent = "";
    if (chosen.size > MOST_CHARACTERS) {
      alert.textContent =
        `The file has ${chosen.size.toLocaleString("en")} bytes; ` +
        `at most ${MOST_CHARACTERS.toLocaleString("en")} are read. Leave rows out.`;
      return;
    }
    try {
      const bytes = await chosen.arrayBuffer();
      area.value = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      alert.textContent = 'The file is no text in UTF-8. Save the table again as "CSV UTF-8".';
    }
  }

  use.addEventListener("click", () => {
    alert.textContent = "";
    if (area.value.trim() === "") {
      alert.textContent = "Paste a table, or choose a file.";
      area.focus();
      return;
    }
    if (area.value.length > MOST_CHARACTERS) {
      alert.textContent =
        `The table has more than ${MOST_CHARACTERS.toLocaleString("en")} characters. ` +
        "Leave rows out.";
      return;
    }
    wait(true);
    send(area.value);
  });
  cancel.addEventListener("click", () => dialog.close());
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen !== undefined) void read(chosen);
  });
  // The keys of the page, and of JupyterLab, are not meant here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => wait(false));
  signal.addEventListener("abort", () => wait(false));

  return {
    open() {
      alert.textContent = "";
      file.value = "";
      dialog.showModal();
      area.focus();
    },
    taken() {
      if (waiting) dialog.close();
    },
    refused(error) {
      if (!waiting || error === "") return;
      wait(false);
      alert.textContent = error;
      area.focus();
    },
  };
}
