// Keeps a report with who types in its form: <form data-module="claim" data-claim="/moderation/…/keep" data-working="…" data-over="…">. An element with
// data-claim-state says how it stands; the button with data-claim-keep, which does the same without a script, is not needed then.
const every = 60_000;

export function start(form) {
  const { claim, working, over } = form.dataset;
  const state = form.querySelector("[data-claim-state]");
  const keep = form.querySelector("[data-claim-keep]");
  let next = performance.now() + every; // opening the page kept it
  let asking = false;
  if (keep) keep.hidden = true;
  if (state) state.textContent = working;

  form.addEventListener("input", async () => {
    if (asking || performance.now() < next) return;
    asking = true;
    try {
      const { ok, status } = await fetch(claim, { method: "POST", redirect: "error", signal: AbortSignal.timeout(10_000) });
      if (state) state.textContent = ok || status >= 500 ? working : over;
      if (keep) keep.hidden = ok || status >= 500;
      next = performance.now() + every;
    } catch {
      next = performance.now() + 5_000; // no line: the next letter tries again
    }
    asking = false;
  });
}
