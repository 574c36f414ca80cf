// A hub for a view that shows what its own model holds, not a run: it paints when that changes.

import type { Hub, Picture } from "./hub";

const NOTHING: Picture = { scene: null, state: "idle", sentence: "", error: "", focus: null };

export function stillHub(): Pick<Hub, "join" | "act"> {
  return {
    act: () => undefined,
    join(participant) {
      let visible = false;
      let stale = true;
      let frame: number | null = null;
      const wake = (): void => {
        if (frame !== null || !visible || !stale) return;
        frame = requestAnimationFrame(() => {
          frame = null;
          stale = false;
          participant.paint(NOTHING);
        });
      };
      return {
        setVisible(seen) {
          visible = seen;
          wake();
        },
        invalidate() {
          stale = true;
          wake();
        },
        setFocus: () => undefined,
        leave() {
          visible = false;
          if (frame !== null) cancelAnimationFrame(frame);
        },
      };
    },
  };
}
