// Puts a part of a page in the place of an older one: what was folded out stays so, and the focus stays on the same control.
export function stand(old, fresh) {
  const focused = old.contains(document.activeElement) && same(fresh, document.activeElement);
  const here = document.adoptNode(fresh);
  old.replaceWith(here);
  focused?.focus?.({ preventScroll: true });
  return here;
}

const summaries = (part) => [...part.querySelectorAll("summary")];

// same finds the control of a part that somebody's focus was on in the part before.
export function same(part, control) {
  const { id, form } = control;
  const href = control.getAttribute("href");
  if (id) return part.querySelector(`#${CSS.escape(id)}`);
  if (control.matches("summary")) return summaries(part)[summaries(control.closest("[data-region], [data-grows] > *")).indexOf(control)];
  if (href) return part.querySelector(`[href="${CSS.escape(href)}"]`);
  const where = form?.getAttribute("action");
  return where && [...part.querySelectorAll(control.localName)].find((it) => it.form?.getAttribute("action") === where && it.name === control.name && it.value === control.value);
}

// What somebody has folded out or in stays so.
export function unfold(old, fresh) {
  const was = old.querySelectorAll("details");
  fresh.querySelectorAll("details").forEach((details, i) => {
    if (was[i]) details.open = was[i].open;
  });
}
