// Keeps who works here on call while a page of theirs is open, whichever it is: <span data-module="on-call" data-live="/live" hidden>.
// The socket is all that is needed; the page's other modules share it.
import { connect } from "./live.js";

export function start(element) {
  connect(element.dataset.live, () => {});
}
