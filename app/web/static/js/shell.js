// What stands around every page: menus, the drawer, keys for the search, notes, going back.
import { $, byId, hear, on } from './dom.js';
import { t } from './texts.js';

const { tabler } = globalThis;
if (tabler?.Dropdown) tabler.Dropdown.Default.popperConfig = { strategy: 'fixed' };

// Only while it is a drawer the side bar is a dialog, which needs a name.
const side = $('#side');
side?.addEventListener(
  'show.bs.offcanvas',
  () => side.setAttribute('aria-label', side.dataset.name),
);
side?.addEventListener('hidden.bs.offcanvas', () => side.removeAttribute('aria-label'));

const isTyping = (place) =>
  /INPUT|TEXTAREA|SELECT/.test(place?.tagName) || place?.isContentEditable;
const asksForSearch = (event) => {
  const held = event.ctrlKey || event.metaKey;
  if (event.key === 'k') return held;
  return event.key === '/' && !held && !event.altKey && !isTyping(document.activeElement);
};
hear('keydown', (event) => {
  const find = $('#find');
  if (find && asksForSearch(event)) {
    event.preventDefault();
    find.focus();
    find.select();
  }
  if (event.key === 'Escape' && document.activeElement === find) find.blur();
});

on('click', '[data-dismiss]', (button) => button.closest('.note').remove());
on('click', '[data-back]', () => {
  if (history.length > 1) history.back();
  else location.href = '/';
});
on('click', '[aria-disabled="true"]', (_, event) => {
  event.preventDefault();
  event.stopPropagation();
});
on('click', '[data-reveal]', (button) => {
  const field = byId(button.dataset.reveal);
  const show = field.type === 'password';
  field.type = show ? 'text' : 'password';
  button.setAttribute('aria-pressed', show);
  button.title = t(show ? 'hide' : 'show');
  button.setAttribute('aria-label', button.title);
});

// A tab may stand in the address: #payments.
export const openTabOfAddress = () => {
  const tab = location.hash.length > 1 && byId(`t-${location.hash.slice(1)}`);
  if (tab && tabler?.Tab) tabler.Tab.getOrCreateInstance(tab).show();
};
