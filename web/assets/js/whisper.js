// Asks the tutors without leaving the conversation: <details data-module="whisper" data-not-sent> with one form, its field [name=whisper] and [name=cid]. What could not be
// sent stays in the field, with why. A [data-second-look] shows them what is being written to the person, and leaves it there.
import { newCID } from "./cid.js";
import { exchange, load } from "./refresh.js";

export function start(panel) {
  const form = panel.querySelector("form");
  const why = document.createElement("p");
  Object.assign(why, { className: "field-mistake", role: "alert" });
  form.append(why);
  let running = false;
  panel.querySelector("[data-second-look]")?.addEventListener("click", async (event) => {
    event.preventDefault();
    if (running) return;
    running = true;
    why.textContent = "";
    const { text } = document.querySelector("[data-composer]").elements;
    try {
      exchange(await load(event.target.formAction, new URLSearchParams({ text: text.value, cid: newCID() })));
    } catch ({ page }) {
      why.textContent = page?.querySelector(".error-summary li, main .lead")?.textContent.trim() || panel.dataset.notSent;
    }
    running = false;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    running = true;
    why.textContent = "";
    const { whisper, cid } = form.elements;
    const said = whisper.value;
    try {
      const page = await load(form.action, new URLSearchParams({ whisper: said, cid: cid.value }));
      if (whisper.value === said) whisper.value = "";
      cid.value = newCID();
      exchange(page);
    } catch ({ page }) {
      why.textContent = page?.querySelector("#whisper-mistake, .error-summary li, main .lead")?.textContent.trim() || panel.dataset.notSent;
    }
    running = false;
  });
}
