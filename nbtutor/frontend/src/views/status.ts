// How far the run is and how it goes, in figures and one sentence.

import { element, LiveText } from "../dom";
import type { Surface, View } from "../mount";
import { formatCount, formatEpoch, formatLoss, formatSeconds, formatShare, NONE } from "../numbers";
import type { Frame } from "../protocol";
import { tellRecovery } from "../recovery";
import { Throttle } from "../throttle";

const SPEAK_EVERY_MS = 1_000;

const FIGURES: readonly [string, string, (frame: Frame) => string][] = [
  ["epoch", "Epoch", (frame) => formatEpoch(frame.epoch)],
  ["updates", "Updates", (frame) => formatCount(frame.updates)],
  ["train-loss", "Training loss", (frame) => formatLoss(frame.trainLoss)],
  ["validation-loss", "Validation loss", (frame) => formatLoss(frame.validationLoss)],
  ["train-accuracy", "Training accuracy", (frame) => formatShare(frame.trainAccuracy)],
  ["validation-accuracy", "Validation accuracy", (frame) => formatShare(frame.validationAccuracy)],
];

export function statusView({ root, model, signal }: Surface): View {
  const list = element("dl", "nbt-figures");
  const figures = FIGURES.map(([key, label, read]) => {
    const item = element("div", "nbt-value");
    item.dataset.value = key;
    const value = element("dd", "");
    item.append(element("dt", "", label), value);
    list.append(item);
    const live = new LiveText(value);
    live.set(NONE);
    return { live, read };
  });
  const sentence = element("p", "nbt-sentence");
  sentence.setAttribute("role", "status");
  const alert = element("p", "nbt-error");
  alert.setAttribute("role", "alert");
  // What it has cost, beside the sentence: the quietest place that is always there.
  const spent = element("p", "nbt-spent");
  spent.dataset.value = "seconds";
  const seconds = new LiveText(spent);
  const line = element("div", "nbt-said");
  line.append(sentence, spent);
  root.append(list, line, alert);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Progress of the training");

  tellRecovery(model, root, signal);

  const words = new Throttle<string>(SPEAK_EVERY_MS, (text) => (sentence.textContent = text));
  const complaint = new Throttle<string>(SPEAK_EVERY_MS, (text) => (alert.textContent = text));
  signal.addEventListener("abort", () => {
    words.stop();
    complaint.stop();
  });

  return {
    paint({ scene, sentence: said, error }) {
      if (scene !== null) {
        for (const { live, read } of figures) live.set(read(scene.frame));
        const { frame } = scene;
        seconds.set(frame.updates === 0 ? "" : `${formatSeconds(frame.seconds)} of training`);
      }
      words.offer(() => said);
      complaint.offer(() => error);
    },
  };
}
