// Confusion matrices with each class's share that is right, or R² of a regression.

import { element } from "./dom";
import { formatShare, formatValue, NONE } from "./numbers";
import type { Confusion, Scores } from "./protocol";

const SETS = ["Validation", "Training"] as const;

/** The share of every class that is taken for itself; null for a class without points. */
export function classShares(confusion: Confusion): (number | null)[] {
  return confusion.map((row, index) => {
    const points = row.reduce((sum, count) => sum + count, 0);
    return points === 0 ? null : (row[index] ?? 0) / points;
  });
}

/** The share of all points that are right; null for no points. */
export function accuracy(confusion: Confusion): number | null {
  const right = confusion.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  return all === 0 ? null : right / all;
}

export function explained(share: number | null): string {
  return share === null ? NONE : formatValue(share, 3);
}

/** Makes the tables in `panel`; the function that is returned writes scores into them. */
export function scoresTables(panel: HTMLElement): (scores: Scores) => void {
  const note = element("p", "nbt-layer-note");
  let made = "";
  let cells: HTMLTableCellElement[] = [];
  return (scores) => {
    const classes = scores.kind === "classes" ? scores.train.length : 0;
    if (made !== `${scores.kind} ${classes}`) {
      made = `${scores.kind} ${classes}`;
      const tables = SETS.map((set) => (classes === 0 ? valueTable(set) : classTable(set, classes)));
      const pair = element("div", "nbt-scores");
      pair.append(...tables);
      cells = tables.flatMap((table) => [...table.querySelectorAll("td")]);
      note.textContent = classes === 0
        ? "R²: 1 minus the squared error over that of predicting the mean; 1 is perfect."
        : "Rows: the true class. Columns: what the network says. Right: each class's share.";
      panel.replaceChildren(pair, note);
    }
    const texts = scores.kind === "classes"
      ? [...classCells(scores.validation), ...classCells(scores.train)]
      : [explained(scores.validation), explained(scores.train)];
    texts.forEach((text, index) => {
      const cell = cells[index];
      if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
    });
    if (scores.kind === "classes") shade(cells, [scores.validation, scores.train]);
  };
}

/** Texts of a class table's cells, row by row: counts, then the class's share; at last them all. */
export function classCells(confusion: Confusion): string[] {
  const shares = classShares(confusion);
  const rows = confusion.flatMap((row, index) => [
    ...row.map(String), formatShare(shares[index] ?? null),
  ]);
  return [...rows, formatShare(accuracy(confusion))];
}

/** A cell's ground tells its part of its row, beside the number. */
function shade(cells: readonly HTMLTableCellElement[], confusions: readonly Confusion[]): void {
  let at = 0;
  for (const confusion of confusions) {
    for (const row of confusion) {
      const points = row.reduce((sum, count) => sum + count, 0);
      for (const count of row) {
        const part = points === 0 ? 0 : Math.round((100 * count) / points);
        cells[at]?.style.setProperty("--nbt-part", `${part}%`);
        at += 1;
      }
      at += 1; // the share
    }
    at += 1; // that of all
  }
}

function classTable(set: string, classes: number): HTMLTableElement {
  const table = element("table", "nbt-layer-table nbt-confusion");
  table.createCaption().textContent = set;
  const names = Array.from({ length: classes }, (_, k) => `Class ${k}`);
  const head = table.createTHead().insertRow();
  head.append(heading("True class", "col"), ...names.map((name) => heading(name, "col")));
  head.append(heading("Right", "col"));
  const body = table.createTBody();
  names.forEach((name, index) => {
    const row = body.insertRow();
    row.append(heading(name, "row"));
    for (let column = 0; column <= classes; column += 1) {
      const cell = row.insertCell();
      if (column < classes) cell.className = column === index ? "nbt-right" : "nbt-wrong";
    }
  });
  const all = body.insertRow();
  const label = heading("All", "row");
  label.colSpan = classes + 1;
  all.append(label);
  all.insertCell();
  return table;
}

function valueTable(set: string): HTMLTableElement {
  const table = element("table", "nbt-layer-table nbt-confusion");
  table.createCaption().textContent = set;
  const row = table.createTBody().insertRow();
  row.append(heading("R²", "row"));
  row.insertCell();
  return table;
}

function heading(text: string, scope: "row" | "col"): HTMLTableCellElement {
  const cell = element("th", "", text);
  cell.scope = scope;
  return cell;
}
