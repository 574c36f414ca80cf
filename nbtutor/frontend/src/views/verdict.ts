// The verdict in words, parameters against samples, and the layers' statistics and the scores where
// they are asked for. Its text changes while the run plays; the status line is the one that is read aloud.

import { element, LiveText } from "../dom";
import { layerCells, layerName, parametersPart, sizeWords, splitSentence } from "../layers";
import type { Surface, View } from "../mount";
import {
  TRAITS, type LayerStatistics, type Scores, type Structure, type Verdict,
} from "../protocol";
import { scoresTables } from "../scores";
import { Throttle } from "../throttle";

const SHOW_EVERY_MS = 1_000;

const HOW =
  "± is a 95 % interval. One run has no seeds to compare, so it comes from the points: from the " +
  "standard errors of the mean losses of training and validation points. A verdict is not certain " +
  "where another one lies within.";

const COLUMNS: readonly [string, string][] = [
  ["Layer", ""],
  ["Gradient", "Length of the gradient of the training loss by the layer's weights and biases"],
  ["Update / weights", "Length of the next step over the length of the weights; 0.001 is usual"],
  ["Dead", "Units that no training point can teach any more"],
  ["Saturated", "Outputs where the activation is flat: less than 5 % of its steepest slope"],
];

const TELLING =
  "Vanishing: the gradient is below 1 % of the output layer's, by root mean square. Exploding: it " +
  "is longer than 10. Dead units: at least a quarter. Saturated: at least 80 %.";

export function verdictView({ root, model, signal }: Surface): View {
  const sentence = element("p", "nbt-verdict");
  sentence.title = HOW;
  const head = new LiveText(sentence.appendChild(element("strong", "")));
  const rest = new LiveText(sentence);

  const size = element("span", "nbt-size");
  const sizeText = new LiveText(size);
  const bar = element("span", "nbt-size-bar");
  bar.setAttribute("aria-hidden", "true");
  const part = bar.appendChild(element("span", ""));
  const layers = disclosure("Layers", "Statistics of the layers");
  const scores = disclosure("Scores", "Scores of training and validation points");
  const foot = element("div", "nbt-verdict-foot");
  foot.append(size, bar, scores.button, layers.button);
  const { panel } = layers;
  const table = element("table", "nbt-layer-table");
  const body = makeTable(table);
  panel.append(table, element("p", "nbt-layer-note", `${TELLING} ${HOW}`));
  const showScores = scoresTables(scores.panel);
  root.append(sentence, foot, panel, scores.panel);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Verdict on the fit");

  const tell = new Throttle<Verdict>(SHOW_EVERY_MS, ({ kind, sentence: said }) => {
    const [word, numbers] = splitSentence(said);
    head.set(word);
    rest.set(numbers);
    root.dataset.verdict = kind;
  });
  const fill = new Throttle<readonly LayerStatistics[]>(SHOW_EVERY_MS, (rows) =>
    fillTable(body, rows),
  );
  const fillScores = new Throttle<Scores>(SHOW_EVERY_MS, showScores);
  signal.addEventListener("abort", () => {
    tell.stop();
    fill.stop();
    fillScores.stop();
  });

  // One at a time, so that the network keeps its room.
  const parts = [
    { trait: TRAITS.layersOpen, ...layers },
    { trait: TRAITS.scoresOpen, ...scores },
  ];
  const isOpen = (trait: string): boolean => model.get(trait) === true;
  for (const { trait, button, panel: own } of parts) {
    const open = (): void => {
      own.hidden = !isOpen(trait);
      button.setAttribute("aria-expanded", String(isOpen(trait)));
    };
    button.addEventListener(
      "click",
      () => {
        const opens = !isOpen(trait);
        for (const other of parts) model.set(other.trait, opens && other.trait === trait);
        model.save_changes();
      },
      { signal },
    );
    model.on(`change:${trait}`, open);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, open));
    open();
  }

  let shown: Structure | null = null;
  return {
    paint({ scene }) {
      if (scene === null) return;
      const { structure, statistics, verdict } = scene;
      if (structure !== shown) {
        shown = structure;
        const { parameters, trainingPoints } = structure;
        sizeText.set(sizeWords(parameters, trainingPoints));
        part.style.width = `${parametersPart(parameters, trainingPoints)}%`;
      }
      if (verdict !== null) tell.offer(() => verdict);
      if (isOpen(TRAITS.layersOpen) && statistics.length > 0) fill.offer(() => statistics);
      const found = scene.scores;
      if (isOpen(TRAITS.scoresOpen) && found !== null) fillScores.offer(() => found);
    },
  };
}

/** A button, and the panel that it opens. */
function disclosure(name: string, label: string): { button: HTMLButtonElement; panel: HTMLElement } {
  const button = element("button", "nbt-toggle nbt-disclose", name);
  button.type = "button";
  const panel = element("div", "nbt-layer-panel");
  // It scrolls where the board has no room, and then the keyboard must reach it.
  panel.tabIndex = 0;
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-label", label);
  panel.id = `nbt-panel-${Math.random().toString(36).slice(2)}`;
  button.setAttribute("aria-controls", panel.id);
  return { button, panel };
}

function makeTable(table: HTMLTableElement): HTMLTableSectionElement {
  const row = table.createTHead().insertRow();
  for (const [label, title] of COLUMNS) {
    const cell = element("th", "", label);
    cell.scope = "col";
    cell.title = title;
    row.append(cell);
  }
  const last = element("td", "");
  row.append(last); // the words need no heading
  return table.createTBody();
}

/** Writes the numbers into the cells that are there; makes rows only for other layers. */
function fillTable(body: HTMLTableSectionElement, layers: readonly LayerStatistics[]): void {
  while (body.rows.length > layers.length) body.deleteRow(-1);
  while (body.rows.length < layers.length) {
    const row = body.insertRow();
    row.append(element("th", ""));
    for (let cell = 0; cell < COLUMNS.length; cell += 1) row.append(element("td", ""));
  }
  layers.forEach((layer, index) => {
    const row = body.rows[index];
    if (row === undefined) return;
    row.dataset.sign = layer.sign;
    [layerName(index, layers.length), ...layerCells(layer)].forEach((text, column) => {
      const cell = row.cells[column];
      if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
    });
    row.cells[0]?.setAttribute("scope", "row");
  });
}
