// The ESP's desk: the offer with its seconds, and the title that calls from another tab.
// <section data-module="desk" data-view="desk" data-live="/live" data-offer-title="…">; in the offer's region an element
// <span data-seconds="20"> holds the seconds that are left by the server's clock.
import { refresh } from "./refresh.js";
import { follow } from "./view.js";

export function start(element) {
  const title = document.title;
  const clock = { timer: 0, shown: null };
  const look = () => {
    const left = document.querySelector("[data-seconds]");
    document.title = left ? `${element.dataset.offerTitle} · ${title}` : title;
    if (left !== clock.shown) count(left, clock);
  };
  look();
  follow(element, async () => {
    await refresh();
    look();
  });
}

// count runs an offer's seconds down. At nought the page is asked again: the server decides, not this clock.
function count(left, clock) {
  clearInterval(clock.timer);
  clock.shown = left;
  if (!left) return;
  const end = performance.now() + 1000 * Number(left.dataset.seconds);
  clock.timer = setInterval(() => {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    left.textContent = String(seconds);
    if (seconds === 0) {
      clearInterval(clock.timer);
      refresh();
    }
  }, 250);
}
