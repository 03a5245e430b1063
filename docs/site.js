// What scrolls sideways can be reached by the keyboard, and is nothing to stop at where it does not.
const SCROLLERS = ".md-typeset :is(pre > code, .md-typeset__scrollwrap, math[display=block])";
const reachable = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
// The theme wraps tables when it has loaded.
addEventListener("load", () => {
  for (const scroller of document.querySelectorAll(SCROLLERS)) reachable.observe(scroller);
});
