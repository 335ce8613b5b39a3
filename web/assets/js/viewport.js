// Browsers that lay a telephone's keyboard over the page instead of shrinking it say so here alone: --viewport is what is left.
export function fit() {
  const view = window.visualViewport;
  if (!view) return;
  const root = document.documentElement;
  const look = () => {
    // Zoomed in by hand, the page stays as it is.
    if (view.scale > 1.01 || window.innerHeight - view.height < 80) root.style.removeProperty("--viewport");
    else root.style.setProperty("--viewport", `${Math.round(view.height)}px`);
  };
  view.addEventListener("resize", look);
  look();
}
