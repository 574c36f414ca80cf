// The buttons and the status line of a lesson. It asks the kernel for each portion of its work after
// the one before was painted, as long as some of the lesson's board is on the screen.

import type { AnyModel } from "@anywidget/types";
import { nameControls } from "../a11y";
import { browserTime, Clock, type Link } from "../clock";
import { element, LiveText } from "../dom";
import { BUSY_SENTENCE, ENDED_SENTENCE, KERNEL_END, LOST_SENTENCE } from "../hub";
import {
  actMessage, decodeBeat, openMessage, parseRunState, syncMessage, tickMessage, TRAITS,
  type RunState,
} from "../protocol";
import { tellRecovery } from "../recovery";
import { Throttle } from "../throttle";

const SPEAK_EVERY_MS = 1_000;
/** How the end of an address begins that leads to a place in a lesson. */
const LESSON = "#nbt-lesson=";

export function stageView(model: AnyModel, root: HTMLElement, signal: AbortSignal): void {
  root.classList.add("nbt-view", "nbt-view-stage");
  root.dataset.view = "stage";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Run the experiment");
  const play = element("button", "nbt-toggle nbt-stage-play");
  const playWord = new LiveText(play);
  const restart = element("button", "nbt-toggle", "Start again");
  play.type = restart.type = "button";
  const bar = element("progress", "nbt-stage-bar");
  bar.setAttribute("aria-label", "How much is done");
  // The eye has the sentence at once; the ear not more often than one can listen.
  const sentence = element("p", "nbt-sentence");
  sentence.setAttribute("aria-hidden", "true");
  const seen = new LiveText(sentence);
  const spoken = element("p", "nbt-unseen");
  spoken.setAttribute("role", "status");
  const alert = element("p", "nbt-error");
  alert.setAttribute("role", "alert");
  root.append(play, restart, bar, sentence, spoken, alert);
  const words = new Throttle<string>(SPEAK_EVERY_MS, (said) => (spoken.textContent = said));
  let seq = 0;
  let complaint = "";
  const clock = new Clock({
    ...browserTime,
    sendTick: (tick) => send(tickMessage(tick)),
    sendSync: () => send(syncMessage()),
    paint,
    linkChanged: () => clock.invalidate(),
  });

  function send(content: object): void {
    try {
      model.send(content);
    } catch {
      // A closed connection throws. The clock's watchdog tells the learner and tries again.
    }
  }

  function state(): RunState {
    try {
      return parseRunState(model.get(TRAITS.state));
    } catch {
      return "idle";
    }
  }

  // The view is made before it is put into the page. Its controls have names there at once, though
  // they may be below what is in sight.
  const placed = new ResizeObserver(() => {
    const board = root.closest<HTMLElement>(".nbt-tutor");
    if (board === null) return;
    placed.disconnect();
    nameControls(board, signal);
    intersection.observe(board);
  });

  function paint(): void {
    const playing = model.get(TRAITS.playing) === true;
    const done = Number(model.get(TRAITS.done)) || 0;
    const total = Number(model.get(TRAITS.total)) || 0;
    const shown: Record<Link, [string, string]> = {
      ok: [state(), String(model.get(TRAITS.message) ?? "")],
      busy: ["busy", BUSY_SENTENCE],
      lost: ["error", LOST_SENTENCE],
      ended: ["error", ENDED_SENTENCE],
    };
    const [word, said] = shown[clock.link];
    playWord.set(playing ? "Pause" : "Play");
    play.classList.toggle("nbt-pause", playing);
    bar.max = Math.max(1, total);
    bar.value = Math.min(done, bar.max);
    // Where nothing trains there is nothing to play: the controls are answered at once.
    play.hidden = restart.hidden = bar.hidden = total === 0;
    seen.set(said);
    words.offer(() => said);
    const error = complaint || String(model.get(TRAITS.error) ?? "");
    if (alert.textContent !== error) alert.textContent = error;
    Object.assign(root.dataset, { seq: String(seq), epoch: String(done), state: word });
  }

  const press = (button: HTMLButtonElement, name: string): void =>
    button.addEventListener(
      "click",
      () => {
        complaint = "";
        send(actMessage(name, {}));
      },
      { signal },
    );
  press(play, "play");
  press(restart, "restart");

  const listen = (event: string, callback: (content: unknown) => void): void => {
    model.on(event, callback);
    signal.addEventListener("abort", () => model.off(event, callback));
  };
  listen("msg:custom", (content) => {
    try {
      const beat = decodeBeat(content);
      if (beat.kind === "error") {
        complaint = beat.message;
        clock.refused();
        clock.invalidate();
        return;
      }
      seq = beat.seq;
      clock.arrived({ seq, full: true, tookMs: beat.tookMs });
    } catch (failure) {
      console.error("[nbtutor]", failure);
    }
  });
  for (const name of [TRAITS.state, TRAITS.message, TRAITS.error, TRAITS.done, TRAITS.total]) {
    listen(`change:${name}`, () => clock.invalidate());
  }
  listen(`change:${TRAITS.playing}`, () => {
    clock.setPlaying(model.get(TRAITS.playing) === true);
    clock.invalidate();
  });
  listen("comm_live_update", () => clock.disconnected());
  listen("comm:close", () => clock.disconnected());
  document.addEventListener(KERNEL_END, () => clock.ended(), { signal });

  const onScreen = new Map<Element, boolean>();
  const look = (): void => {
    const some = [...onScreen.values()].includes(true);
    clock.setVisible(some && document.visibilityState !== "hidden");
  };
  const intersection = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) onScreen.set(target, isIntersecting);
    look();
  });
  intersection.observe(root);
  placed.observe(root);
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => {
    clock.stop();
    words.stop();
    intersection.disconnect();
    placed.disconnect();
    root.replaceChildren();
  });

  tellRecovery(model, root, signal);
  if (location.hash.startsWith(LESSON)) send(openMessage(location.hash));
  clock.setPlaying(model.get(TRAITS.playing) === true);
  clock.requestSync();
  // The clock paints what is on the screen. The buttons need their words before that.
  paint();
}
