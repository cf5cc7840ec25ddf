// Pieces of a page that are fetched: tabs when they open, cards when they come into view, what links in them ask for.
import { $, hear, make, on } from './dom.js';
import { dress } from './dressing.js';
import { fetchText } from './fetching.js';
import { say, t } from './texts.js';

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
export const loadWhenSeen = (place) => seen.observe(place);

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
