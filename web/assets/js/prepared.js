// Puts a prepared text into what is being written: <details data-module="prepared"> with [data-text] and a [data-use] in each item. It is sent by nobody but the ESP.
export function start(panel) {
  for (const button of panel.querySelectorAll("[data-use]")) button.hidden = false;
  panel.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-use]");
    const field = document.querySelector("[data-composer] [name=text]");
    if (!button || !field) return;
    const text = button.closest("li").querySelector("[data-text]").textContent;
    field.value = field.value.trim() ? `${field.value.trimEnd()}\n${text}` : text;
    field.dispatchEvent(new Event("input", { bubbles: true })); // it grows with its text
    panel.open = false;
    field.focus();
  });
}
