// Focuses the error summary of a form that came back. autofocus alone is ignored after some navigations.
export function start(summary) {
  summary.focus();
}
