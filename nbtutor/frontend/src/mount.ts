// What every view has in common: its place in the page, its theme and size, its part in the hub.

import type { AnyModel } from "@anywidget/types";
import { nameAround } from "./a11y";
import type { Act, Focus, Hub, Picture } from "./hub";
import type { ViewName } from "./protocol";
import { readPalette, watchTheme, type Palette } from "./theme";
import { Throttle } from "./throttle";

export interface Surface {
  readonly root: HTMLElement;
  /** The view's own traits. */
  readonly model: AnyModel;
  readonly signal: AbortSignal;
  /** Ends when the view is closed; draws again before the next paint. */
  redraw(): void;
  /** Asks the kernel for an action that it offers. */
  readonly act: Act;
  /** Points every view of the run at a unit, or at none. */
  focus(focus: Focus | null): void;
}

export interface View {
  /** `fresh`: size or theme changed, so everything must be drawn. */
  paint(picture: Picture, palette: Palette, fresh: boolean): void;
  /** What the view shows, in words. */
  describe?(picture: Picture): string;
  /** How many pictures it has had, where they are not the run's. */
  pictures?(): number;
  /** The element that carries the words. */
  readonly figure?: HTMLElement;
}

export type ViewFactory = (surface: Surface) => View;

const DESCRIBE_EVERY_MS = 2_000;

export function mount(
  name: ViewName,
  factory: ViewFactory,
  hub: Pick<Hub, "join" | "act">,
  model: AnyModel,
  root: HTMLElement,
  signal: AbortSignal,
): void {
  root.classList.add("nbt-view", `nbt-view-${name}`);
  root.dataset.view = name;
  let palette: Palette | null = null;
  let fresh = true;
  let visible = false;

  const view = factory({
    root,
    model,
    signal,
    act: hub.act,
    redraw: () => membership.invalidate(),
    focus: (focus) => membership.setFocus(focus),
  });
  const { figure } = view;
  figure?.setAttribute("role", "img");
  figure?.setAttribute("aria-label", `The ${name}, which is drawn when it comes into view.`);
  const words = new Throttle<string>(DESCRIBE_EVERY_MS, (text) =>
    figure?.setAttribute("aria-label", text),
  );

  const membership = hub.join({
    place: root,
    paint(picture) {
      palette ??= readPalette(root);
      view.paint(picture, palette, fresh);
      fresh = false;
      const { frame } = picture.scene ?? {};
      if (frame !== undefined) {
        root.dataset.seq = String(frame.seq);
        root.dataset.epoch = String(frame.epoch);
      }
      if (view.pictures !== undefined) root.dataset.seq = String(view.pictures());
      root.dataset.state = picture.state;
      if (view.describe !== undefined) words.offer(() => view.describe?.(picture) ?? "");
    },
  });

  const renew = (): void => {
    palette = null;
    fresh = true;
    membership.invalidate();
  };
  const intersection = new IntersectionObserver((entries) => {
    visible = entries.at(-1)?.isIntersecting ?? visible;
    membership.setVisible(visible);
  });
  const resize = new ResizeObserver(() => {
    // It has its place in the page, in sight or not.
    if (root.isConnected) nameAround(root, signal);
    fresh = true;
    // The scale of the type depends on the width, so it is read again.
    palette = null;
    membership.invalidate();
  });
  intersection.observe(root);
  resize.observe(root);
  if (figure !== undefined) resize.observe(figure);
  watchTheme(renew, signal);
  watchPixelRatio(renew, signal);

  signal.addEventListener("abort", () => {
    membership.setFocus(null);
    intersection.disconnect();
    resize.disconnect();
    words.stop();
    membership.leave();
    root.replaceChildren();
  });
}

/** A page that is zoomed or moved to another screen has other pixels. */
function watchPixelRatio(changed: () => void, signal: AbortSignal): void {
  const listen = (): void => {
    matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener(
      "change",
      () => {
        changed();
        listen();
      },
      { once: true, signal },
    );
  };
  listen();
}
