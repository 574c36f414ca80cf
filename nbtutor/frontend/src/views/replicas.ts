// Bias squared, variance and noise of the replicas as one bar, and at which epoch they are.

import { element, LiveText } from "../dom";
import type { Surface, View } from "../mount";
import { formatCount } from "../numbers";
import type { Replicas } from "../protocol";
import { barWidths, describeReplicas, PART_NAMES, PARTS, partTexts } from "../replicas";
import { Throttle } from "../throttle";

const SAY_EVERY_MS = 500;

const HINT = "Train more networks, each on its own draw of the data: how far apart are they?";

const HOW =
  "Squared error of the answers, expected over draws of the training data and over labels. Bias² is " +
  "what the replicas' mean gets wrong, variance how much they differ from it, noise what no network " +
  "can avoid. The mark is the error of the best answer that is the same everywhere.";

export function replicasView({ root, act, signal, redraw }: Surface): View {
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Bias and variance of the replicas");
  const hint = element("p", "nbt-replicas-hint", HINT);
  const figure = element("div", "nbt-spread");
  figure.title = HOW;
  const chance = element("span", "nbt-spread-chance");
  const bars = PARTS.map((part) => element("span", `nbt-spread-part nbt-spread-${part}`));
  figure.append(...bars, chance);
  const list = element("p", "nbt-spread-key");
  list.setAttribute("aria-hidden", "true"); // the bar's own name says it all
  const numbers = PARTS.map((part) => {
    const entry = element("span", "nbt-spread-entry");
    entry.dataset.part = part;
    entry.append(element("i", `nbt-spread-${part}`), `${PART_NAMES[part]} `);
    list.append(entry);
    return new LiveText(entry.appendChild(element("b", "")));
  });
  const whole = element("span", "nbt-spread-entry nbt-spread-sum", "= expected error ");
  whole.dataset.part = "sum";
  const sum = new LiveText(whole.appendChild(element("b", "")));
  const state = element("span", "nbt-spread-state");
  const stateText = new LiveText(state);
  list.append(whole, state);
  figure.hidden = list.hidden = true;
  root.append(hint, figure, list);

  let said = "";
  const say = new Throttle<string>(SAY_EVERY_MS, (note) => {
    said = note;
    redraw();
  });
  signal.addEventListener("abort", () => say.stop());
  let asked = -1;

  function show({ count, epoch, note, spread }: Replicas): void {
    const texts = spread === null ? null : partTexts(spread);
    const widths = spread === null ? null : barWidths(spread);
    PARTS.forEach((part, index) => {
      numbers[index]?.set(texts?.[part] ?? "\u2013");
      const bar = bars[index];
      if (bar !== undefined) bar.style.width = `${widths?.[part] ?? 0}%`;
    });
    sum.set(texts?.sum ?? "\u2013");
    chance.style.left = `${widths?.chance ?? 100}%`;
    say.offer(() => note); // one that comes and goes would flicker
    stateText.set(said || `${formatCount(count)} at epoch ${formatCount(epoch)}`);
  }

  return {
    figure,
    paint({ scene, state: run }) {
      const replicas = scene?.replicas ?? null;
      hint.hidden = replicas !== null;
      figure.hidden = list.hidden = replicas === null;
      if (replicas === null || scene === null) {
        delete root.dataset.replicas;
        return;
      }
      show(replicas);
      root.dataset.replicas = String(replicas.epoch);
      root.dataset.behind = String(replicas.behind);
      // While the run does not play, nobody else asks for what they still have to do.
      const { seq } = scene.frame;
      const idle = run === "idle" || run === "paused" || run === "error";
      if (replicas.behind && idle && asked !== seq) {
        asked = seq;
        act("follow_replicas", { seen: seq });
      }
    },
    describe({ scene }) {
      const replicas = scene?.replicas ?? null;
      return replicas === null ? "There are no replicas." : describeReplicas(replicas);
    },
  };
}
