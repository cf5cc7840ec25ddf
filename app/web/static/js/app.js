// The script of every page; what only one kind of page needs (charts, rights, messages, segments) its template names
// before this one. Everything is found by data attributes (app/web/README.md), also in what is loaded later.
import './lists.js';
import {
  $,
  byId,
  dress,
  dresses,
  fetchText,
  hear,
  make,
  on,
  press,
  root,
  say,
  t,
} from './basics.js';
import { dressDate, dressSelect, rememberFirst } from './fields.js';

// Pieces of a page that are fetched: tabs when they open, cards when they come into view, what links in them ask for.

const showFailure = (place, url, error) =>
  place.replaceChildren(
    make(
      'div',
      { class: 'pad row-f', role: 'alert' },
      make('span', { class: 's' }, error.message || t('failed')),
      make(
        'button',
        { type: 'button', class: 'btn sm', onclick: () => load(place, url) },
        t('again'),
      ),
    ),
  );
const load = async (place, url) => {
  place.setAttribute('aria-busy', 'true');
  try {
    place.innerHTML = await fetchText(url);
    place.dataset.loaded = url;
    dress(place);
  } catch (error) {
    showFailure(place, url, error);
  }
  place.removeAttribute('aria-busy');
};
const loadOnce = (place) => {
  if (place && !place.dataset.loaded && !place.hasAttribute('aria-busy')) {
    load(place, place.dataset.fragment);
  }
};

const seen = new IntersectionObserver(
  (entries) =>
    entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      seen.unobserve(target);
      loadOnce(target);
    }),
  { rootMargin: '200px' },
);
const loadWhenSeen = (place) => seen.observe(place);

hear('shown.bs.tab', ({ target }) => {
  loadOnce($(`${target.dataset.bsTarget}[data-fragment]`));
  const own = target.id === 't-first'
    ? location.pathname + location.search
    : `#${target.id.slice(2)}`;
  history.replaceState(null, '', own);
});
hear('click', (event) => {
  const link = event.target.closest?.('a[data-frag]');
  const place = link?.closest('[data-fragment]');
  if (!place || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  load(place, link.href);
});
hear('submit', (event) => {
  const form = event.target;
  const place = form.matches('[data-frag]') ? form.closest('[data-fragment]') : null;
  if (!place) return;
  event.preventDefault();
  const url = new URL(place.dataset.fragment, location.href);
  for (const [name, value] of new FormData(form)) {
    if (value) url.searchParams.set(name, String(value));
    else url.searchParams.delete(name);
  }
  load(place, url.href);
});

// The next entries of a timeline go to the end of the ones that are there.
const addEntries = (place, link, html) => {
  const box = make('div');
  box.innerHTML = html;
  const before = place.previousElementSibling;
  const list = before && $('.tl', before);
  const found = $('.tl', box);
  const next = $('[data-more]', box);
  if (list && found) list.append(...found.children);
  if (next) link.href = next.getAttribute('href');
  else place.remove();
};
on('click', '[data-more]', async (link, event) => {
  event.preventDefault();
  try {
    addEntries(link.closest('[data-more-place]'), link, await fetchText(link.href));
  } catch (error) {
    say(error.message);
    link.textContent = t('again');
  }
});

// Theme and density, kept in cookies so that the server writes them into the next page.

const YEAR = 31536000;
const dark = matchMedia('(prefers-color-scheme: dark)');

const keep = (name, value) => {
  const age = value ? YEAR : 0;
  const secure = location.protocol === 'https:' ? ';secure' : '';
  document.cookie = `${name}=${value};path=/;max-age=${age};samesite=lax${secure}`;
};
const kept = (name) =>
  (document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`)) || [])[1] || '';

const applyTheme = () => {
  // Tabler's own dark values hang on the attribute, so it is set also when the system decides.
  root.dataset.bsTheme = kept('theme') || (dark.matches ? 'dark' : 'light');
};

on('click', '[data-theme-set]', (button) => {
  keep('theme', button.dataset.themeSet);
  press(button);
  applyTheme();
  say(button.textContent.trim());
});
on('click', '[data-density-set]', (button) => {
  const compact = button.dataset.densitySet === 'compact';
  keep('density', compact ? 'compact' : '');
  press(button);
  if (compact) root.dataset.density = 'compact';
  else delete root.dataset.density;
});
dark.addEventListener('change', applyTheme);

// Progress: fetched again until the answer no longer asks for it.

const secondsOf = (place) => Number(place.dataset.pollSeconds) || 3;

const isUsed = (place) => {
  const active = document.activeElement;
  return place.contains(active) && active.tagName !== 'BODY';
};
const renew = async (place) => {
  const box = make('div');
  box.innerHTML = await fetchText(place.dataset.pollUrl);
  const next = box.firstElementChild;
  if (isUsed(place)) { // nothing moves under the reader's hands
    poll(place);
    return;
  }
  place.replaceWith(next);
  dress(next);
  // The end: buttons and badges change too.
  if (!next.dataset.pollUrl && next.dataset.reload !== 'no') location.reload();
};
const poll = (place) => {
  setTimeout(() => {
    if (!place.isConnected) return;
    if (document.hidden) poll(place);
    else renew(place).catch(() => poll(place));
  }, secondsOf(place) * 1000);
};

// What stands around every page: menus, the drawer, keys for the search, notes, going back.

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
const openTabOfAddress = () => {
  const tab = location.hash.length > 1 && byId(`t-${location.hash.slice(1)}`);
  if (tab && tabler?.Tab) tabler.Tab.getOrCreateInstance(tab).show();
};

// What is dressed, and in which order.
dresses('select[data-tom], select[data-lookup-url]', dressSelect);
dresses('[data-date]', dressDate);
dresses('[data-fragment][data-lazy]', loadWhenSeen);
dresses('[data-poll-url]', poll);
// Last: what dressing has put into the fields is no change of the reader's.
dresses('form[data-guard]', rememberFirst);

dress(document);
applyTheme();
$('[data-focus]')?.focus();
openTabOfAddress();
