// The console of who looks after people: clocks that run down, and a title that calls from another tab.
// <div data-module="console" data-view="console" data-live="/live" data-home="/console">; an element with data-left shows the seconds that are left by
// the server's clock, a region with data-count how many wait.
import { refresh } from "./refresh.js";
import { follow } from "./view.js";

const ends = new WeakMap(); // element -> when its clock reaches nought, by performance.now()

export function start(element) {
  const title = document.title;
  let due = false;
  const tick = () => {
    const waiting = Number(element.querySelector("[data-count]")?.dataset.count ?? 0);
    document.title = waiting > 0 ? `(${waiting}) ${title}` : title;
    let over = false;
    for (const left of element.querySelectorAll("[data-left]")) {
      if (!ends.has(left)) ends.set(left, performance.now() + 1000 * Number(left.dataset.left));
      const seconds = Math.max(0, Math.ceil((ends.get(left) - performance.now()) / 1000));
      left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      over ||= seconds === 0;
    }
    // At nought the page is asked again, once: the server decides, not this clock.
    if (over && !due) setTimeout(refresh, 1500);
    due = over;
  };
  tick();
  setInterval(tick, 500);
  follow(element, async () => {
    await refresh();
    tick();
  });
}
