// Selects that are searched in, here (data-tom) or on the server (data-lookup-url): Tom Select.
import { byId, on } from './dom.js';
import { fetchJson } from './fetching.js';
import { say, t } from './texts.js';

const { TomSelect } = globalThis;

// Of a select within another record (a line of the chosen order) all options show, and follow what is chosen there.
const lookUp = (select) => {
  const { lookupUrl, lookupWithin } = select.dataset;
  return {
    valueField: 'id',
    labelField: 'text',
    searchField: [],
    preload: false,
    loadThrottle: 200,
    maxOptions: 50,
    shouldLoad: (query) => query.length > 0 || Boolean(lookupWithin),
    ...(lookupWithin && {
      onFocus() {
        this.load(this.inputValue());
      },
    }),
    load: async (query, done) => {
      try {
        const url = new URL(lookupUrl, location.href);
        url.searchParams.set('q', query);
        if (lookupWithin) {
          url.searchParams.set('within', select.form?.elements[lookupWithin]?.value || '');
        }
        const { results } = await fetchJson(url);
        const box = select.tomselect;
        box.clearOptions((option) => box.items.includes(String(option.id)));
        done(results);
      } catch {
        done();
        say(t('failed'));
      }
    },
  };
};

const settingsOf = (select) => {
  const { lookupUrl, placeholder, tom } = select.dataset;
  const note = (key) => (_, escape) => `<div class="no-results">${escape(t(key))}</div>`;
  return {
    plugins: select.multiple ? { remove_button: { title: t('remove') } } : {},
    create: tom === 'tags',
    maxOptions: 500,
    allowEmptyOption: false,
    placeholder: placeholder || (lookupUrl ? t('typeMore') : ''),
    render: {
      no_results: note('nothingFound'),
      loading: note('loading'),
      not_loading: lookupUrl ? note('typeMore') : undefined,
    },
    /** @this {any} */
    onInitialize() {
      if (select.getAttribute('aria-invalid')) this.wrapper.classList.add('wrong');
    },
    ...(lookupUrl && lookUp(select)),
  };
};

// A remote select that holds only ids (in the filter editor) asks for their names.
const nameOptions = async (select, box) => {
  const bare = box.items.filter((id) => box.options[id]?.text === id);
  if (!bare.length) return;
  try {
    const url = new URL(select.dataset.lookupUrl, location.href);
    bare.forEach((id) => url.searchParams.append('id', id));
    const { results } = await fetchJson(url);
    results.forEach((one) => box.updateOption(String(one.id), { ...one, id: String(one.id) }));
  } catch {
    say(t('failed'));
  }
};

// Its box takes over what the select was called and said to be.
const describe = (select, box, label) => {
  const said = {
    'aria-label': label?.replace(/\s+/g, ' '),
    'aria-invalid': select.getAttribute('aria-invalid') && 'true',
    'aria-describedby': select.getAttribute('aria-describedby'),
  };
  for (const [name, value] of Object.entries(said)) {
    if (value) box.control_input.setAttribute(name, value);
  }
  select.setAttribute('aria-hidden', 'true');
};
export const dressSelect = (select) => {
  if (!TomSelect || select.tomselect || select.closest('template')) return;
  // Read first: Tom Select points the label at its own box.
  const label = select.labels?.[0]?.textContent.trim() || select.getAttribute('aria-label');
  const box = new TomSelect(select, settingsOf(select));
  describe(select, box, label);
  if (select.dataset.lookupUrl) nameOptions(select, box);
};

// A dressed select is hidden: whoever follows the summary of errors to it means its box.
on('click', '.note.bad a[href^="#"]', (link, event) => {
  const box = byId(link.hash.slice(1))?.tomselect;
  if (!box) return;
  event.preventDefault();
  box.focus();
});
