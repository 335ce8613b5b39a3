// The field to write in: it grows with the text, Enter sends and Shift+Enter breaks the line (data-enter="break" on the form
// makes Enter break, too). typing(text) is called with each change.
export function grow(form, write, typing) {
  const field = form.querySelector("[name=text]");
  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  };
  const submit = () => {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    fit();
    field.focus();
    write(text);
  };
  field.addEventListener("input", () => {
    fit();
    typing(field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || form.dataset.enter === "break") return;
    event.preventDefault();
    submit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
}
