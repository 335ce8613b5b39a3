// Gives a kind word without leaving the place one reads at: <div data-module="reactions"> around form.reactions, whose buttons have ids. The answer is
// the page anew; the button keeps the focus. Without a line nothing changes, and the button can be pressed again.
import { exchange, load } from "./refresh.js";

export function start(list) {
  list.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (!submitter || !form.matches(".reactions")) return;
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    try {
      exchange(await load(form.action, new URLSearchParams({ [submitter.name]: submitter.value })));
    } catch ({ status }) {
      if (status) location.reload(); // refused: it shows how it stands now
    }
    form.removeAttribute("aria-busy");
  });
}
