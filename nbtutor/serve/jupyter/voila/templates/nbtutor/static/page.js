// The page around a lesson: theme, progress, and the kernel's end when the page is left.
"use strict";

const nbtutor = (() => {
  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];
  const STORED = "nbtutor-theme";

  // --- theme -----------------------------------------------------------------------------------

  let theme = "system";
  try {
    const stored = localStorage.getItem(STORED);
    if (THEMES.includes(stored)) theme = stored;
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  const darkSystem = matchMedia("(prefers-color-scheme: dark)");

  const applyTheme = () => {
    const dark = theme === "dark" || (theme === "system" && darkSystem.matches);
    root.dataset.theme = dark ? "dark" : "light";
    root.dataset.themeChoice = theme;
    if (document.body) document.body.dataset.jpThemeLight = String(!dark);
    const button = document.querySelector(".nbt-theme");
    if (button) {
      const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      button.title = `Theme: ${theme}`;
      button.setAttribute("aria-label", `Theme: ${theme}. Change to ${next}.`);
      button.hidden = false;
    }
  };
  applyTheme();
  darkSystem.addEventListener("change", applyTheme);
  addEventListener("storage", (event) => {
    if (event.key !== STORED || !THEMES.includes(event.newValue)) return;
    theme = event.newValue;
    applyTheme();
  });

  const nextTheme = () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try {
      localStorage.setItem(STORED, theme);
    } catch {
      // As above.
    }
    applyTheme();
  };

  // --- menu ------------------------------------------------------------------------------------

  addEventListener("DOMContentLoaded", () => {
    applyTheme();
    document.querySelector(".nbt-theme")?.addEventListener("click", nextTheme);
    const menu = document.querySelector(".nbt-menu");
    if (!menu) return;
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // --- the kernel ------------------------------------------------------------------------------

  const config = () => {
    const element = document.getElementById("jupyter-config-data");
    return element ? JSON.parse(element.textContent) : null;
  };

  // What shows that a request comes from this page.
  const xsrf = () => /(?:^|; *)_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";

  // Voilà's own beacon goes at beforeunload, which also fires for a download and never on many
  // phones. Ours goes when the page is really left, so Voilà's must not: the second one would ask
  // for a kernel that has gone.
  addEventListener("beforeunload", (event) => event.stopImmediatePropagation());
  addEventListener("pagehide", () => {
    const page = config();
    if (!page?.kernelId) return;
    const form = new FormData();
    form.append("_xsrf", xsrf());
    navigator.sendBeacon(`${page.baseUrl}voila/api/shutdown/${page.kernelId}`, form);
  });
  // Back to a page that the browser has kept: it is alive, its kernel is not.
  addEventListener("pageshow", (event) => {
    if (event.persisted && config()) location.reload();
  });

  // The settings of the board, as the end of an address; empty where there is none.
  const recovery = () => document.querySelector("[data-recovery^='#']")?.dataset.recovery ?? "";

  const NO_SERVER =
    "The server does not answer. What you see stays, and this page goes on as soon as it does.";
  const notice = (text) => {
    const element = document.getElementById("nbt-notice");
    if (!element || element.dataset.text === text) return;
    element.dataset.text = text;
    element.hidden = !text;
    element.textContent = text;
    // To reload now would leave nothing but the browser's own word that nobody answers.
    if (!text || text === NO_SERVER) return;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = recovery() ? "Start again with these settings" : "Reload the page";
    again.addEventListener("click", () => {
      if (recovery()) history.replaceState(history.state, "", recovery());
      location.reload();
    });
    element.append(again);
  };
  const noticed = () => document.getElementById("nbt-notice")?.dataset.text ?? "";

  const ENDED =
    "The kernel behind this page has ended. What you see stays; nothing moves any more.";
  const LOGGED_OUT = "The server asks for the token again. What you see stays until then.";
  const checkKernel = async () => {
    const page = config();
    if (!page?.kernelId) return;
    const address = `${page.baseUrl}api/kernels/${page.kernelId}`;
    // A hub's servers want to see it whenever a script asks.
    const headers = { "X-XSRFToken": xsrf() };
    const status = await fetch(address, { headers }).then((answer) => answer.status, () => 0);
    if (status === 404) {
      progress("");
      // The boards say it too, and not that they wait.
      if (noticed() !== ENDED) document.dispatchEvent(new Event("nbtutor:kernel-end"));
      notice(ENDED);
    } else if (status === 403) {
      notice(LOGGED_OUT);
    } else if (status === 0 || status >= 500) {
      notice(NO_SERVER);
    } else if ([NO_SERVER, LOGGED_OUT].includes(noticed())) {
      notice("");
      reconnect();
    }
  };
  // By itself, JupyterLab would try again within half a minute.
  const reconnect = () => {
    const kernel = window.jupyterapp?.widgetManager?.kernel;
    if (kernel && kernel.connectionStatus !== "connected") kernel.reconnect().catch(() => {});
  };
  // Often while the page is being made and just after, when a kernel that died on the way may not
  // have been found out yet, and when a board waits for its kernel; else now and then.
  const HASTE = 3_000;
  const EASE = 30_000;
  let settled = Infinity;
  let checked = 0;
  setInterval(() => {
    const waits = document.querySelector("[data-state=busy], [data-state=error]") !== null;
    const hurry = waits || noticed() === NO_SERVER || performance.now() <= settled;
    const due = hurry ? HASTE : EASE;
    if (document.visibilityState !== "visible" || performance.now() - checked < due) return;
    checked = performance.now();
    checkKernel();
  }, HASTE);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") checkKernel();
  });

  // --- progress --------------------------------------------------------------------------------

  const progress = (text) => {
    const element = document.getElementById("nbt-progress");
    if (!element) return;
    element.hidden = !text;
    document.getElementById("nbt-progress-text").textContent = text;
  };

  const runningCell = (cell, cells) => progress(`Preparing the lesson: part ${cell} of ${cells} …`);

  // Sent every few seconds while a page is being made.
  const stillWorking = () => {
    if (config() || performance.now() < 2 * EASE) return;
    progress("");
    notice("The kernel does not start.");
  };

  // Voilà replaces each waiting output by a place that says so, and that by the live one.
  const WAITING = 'script[type="application/vnd.voila.cell-output+json"]';
  const pending = () =>
    document.querySelector(WAITING) !== null ||
    [...document.querySelectorAll(".jp-OutputArea-output")].some(
      (output) => output.textContent === "Loading widget...",
    );
  let watching = false;
  addEventListener("DOMContentLoaded", () => {
    if (watching || !document.getElementById("nbt-cells")) return;
    progress("");
    notice("The lesson broke off while it was being prepared. What is here can be read.");
  });
  const cellsDone = () => {
    if (watching) return;
    watching = true;
    const done = () => {
      if (pending()) return false;
      progress("");
      root.dataset.ready = "true";
      settled = performance.now() + 4 * HASTE;
      return true;
    };
    if (done()) return;
    progress("Starting the live parts …");
    const observer = new MutationObserver(() => {
      if (done()) observer.disconnect();
    });
    observer.observe(document.getElementById("nbt-cells"), { childList: true, subtree: true });
  };

  return { stillWorking, runningCell, cellsDone };
})();
