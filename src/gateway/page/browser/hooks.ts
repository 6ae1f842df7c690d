// What the views share: the observation as state, the time, the theme, the part of the address behind "#".
import { useEffect, useState } from "preact/hooks";
import type { Observation, Observed } from "../../observer/observation.ts";

/** What is observed now; draws again at most once a frame. */
export function useObserved(observation: Observation): Observed {
  const [observed, setObserved] = useState(observation.now);
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      setObserved(observation.now);
    };
    const unsubscribe = observation.subscribe(() => frame ||= requestAnimationFrame(draw));
    draw();
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [observation]);
  return observed;
}

/** Milliseconds since 1970, anew each second while `running`. */
export function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}

/** What stands behind "#/". */
export function useRoute(): string {
  const read = () => location.hash.replace(/^#\/?/, "");
  const [route, setRoute] = useState(read());
  useEffect(() => {
    const changed = () => setRoute(read());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

export type Theme = "light" | "dark";
const THEME_ITEM = "gatehouse-theme";

/** The chosen theme, else the system's; and how to choose. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    const kept = stored();
    return kept === "light" || kept === "dark" ? kept : dark.matches ? "dark" : "light";
  };
  const [theme, setTheme] = useState<Theme>(chosen());
  useEffect(() => {
    const changed = () => setTheme(chosen());
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, (next) => {
    try {
      localStorage.setItem(THEME_ITEM, next);
    } catch {
      // A browser that keeps nothing keeps no theme either.
    }
    setTheme(next);
  }];
}

function stored(): string | null {
  try {
    return localStorage.getItem(THEME_ITEM);
  } catch {
    return null;
  }
}
