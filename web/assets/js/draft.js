// Keeps what is written in a form of the forum on the server, a moment after each pause. Nothing of it is stored in this browser.
//
// Publishing asks for a last keeping first: without a line, or signed out, the page stays as it is, with the text in it. A draft that another
// window changed, or published, is kept beside it under a new client id.
import { newCID } from "./cid.js";

const pause = 800;
const longest = 5_000; // however fast somebody writes on
const again = 5_000;
const patience = 10_000;

export function start(form) {
  const { elements } = form;
  const texts = ["title", "abstract", "text"].map((name) => elements[name]).filter(Boolean);
  const state = form.querySelector("[data-draft-state]");
  const alert = form.querySelector("[data-draft-alert]");
  const ticks = form.querySelectorAll("[name=notes], [name=kind], [name=closed], [name=nameless]");
  const held = (text, tick) => JSON.stringify([...texts.map((field) => field[text]), ...Array.from(ticks, (field) => field[tick])]);
  const content = () => held("value", "checked");
  let kept = held("defaultValue", "defaultChecked");
  let timer = 0;
  let since = 0;
  let running = null;
  let publishing = false;

  elements.writer.value = newCID();
  form.querySelector("[data-draft-keep]").hidden = true;

  const mark = () => form.toggleAttribute("data-unsaved", content() !== kept);

  const say = (outcome) => {
    if (outcome === "unchanged") return;
    state.textContent = outcome === "kept" ? form.dataset.kept : "";
    const trouble = outcome === "kept" ? "" : form.dataset[outcome];
    if (alert.dataset.says === trouble) return;
    alert.dataset.says = trouble;
    alert.textContent = trouble;
    if (outcome !== "over") return;
    const link = document.createElement("a");
    Object.assign(link, { href: "/sign-in", target: "_blank", rel: "noopener", textContent: form.dataset.signIn });
    alert.append(" ", link);
  };

  const post = (keepalive) =>
    fetch("/forum/drafts", {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
      redirect: "error",
      signal: AbortSignal.timeout(patience),
      keepalive,
    });

  // send keeps once, and says what became of it.
  async function send(keepalive) {
    const now = content();
    if (now === kept) return "unchanged";
    let beside = false;
    for (let tries = 0; tries < 3; tries++) {
      let answer;
      try {
        answer = await post(keepalive);
      } catch {
        return "failed";
      }
      if (answer.status === 409) {
        elements.cid.value = newCID();
        elements.version.value = 0;
        beside = true;
        continue;
      }
      if (answer.status === 401) return "over";
      if (answer.status === 413 || answer.status === 422) return "refused";
      if (!answer.ok) return "failed";
      const { version, hints } = await answer.json();
      elements.version.value = version;
      for (const hint of form.querySelectorAll("[data-hint]")) hint.hidden = !hints.includes(hint.dataset.hint);
      kept = now;
      return beside ? "beside" : "kept";
    }
    return "failed";
  }

  // keep has one keeping at a time on its way.
  async function keep(keepalive = false) {
    clearTimeout(timer);
    since = 0;
    while (running) await running;
    running = send(keepalive);
    const outcome = await running;
    running = null;
    mark();
    say(outcome);
    if (outcome === "failed" || outcome === "over") timer = setTimeout(keep, again);
    else if (content() !== kept && outcome !== "refused") soon();
    return outcome;
  }

  function soon() {
    clearTimeout(timer);
    since ||= Date.now();
    timer = setTimeout(keep, Math.max(0, Math.min(pause, since + longest - Date.now())));
  }

  form.addEventListener("input", () => {
    state.textContent = "";
    mark();
    soon();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !publishing && content() !== kept) keep(true);
  });
  addEventListener("pageshow", () => (publishing = false));

  form.addEventListener("submit", async (event) => {
    if (event.submitter?.hasAttribute("formaction")) {
      clearTimeout(timer);
      publishing = true; // what is thrown away is not kept again on the way out
      return;
    }
    event.preventDefault();
    if (publishing) return;
    publishing = true;
    const outcome = await keep();
    clearTimeout(timer);
    if (["failed", "over"].includes(outcome)) {
      publishing = false;
      timer = setTimeout(keep, again);
      return;
    }
    form.submit();
  });
  if (content() !== kept) soon(); // the browser has put something back
}
